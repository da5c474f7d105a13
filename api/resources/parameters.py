"""Query parameters: a small vocabulary of strict ones, and a parser that ignores nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

from flask import Request
from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema
from webargs.flaskparser import FlaskParser

from api.problems import INVALID_PARAMETERS, Problem
from ledger.event import TYPE_GRAMMAR

INTEGER_MAX = 2**63 - 1
TEXT_CHARACTERS_MAX = 500

_WHOLE = re.compile(r"[0-9]{1,25}", re.ASCII)
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_ACCOUNT = re.compile(r"[!-)+-~]{1,255}", re.ASCII)
_TYPE_PATTERN = re.compile(rf"{TYPE_GRAMMAR}(\.\*)?", re.ASCII)
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII | re.IGNORECASE,
)
_LENGTH = validate.Length(1, TEXT_CHARACTERS_MAX, error="must have {min} to {max} characters")


class StrictParser(FlaskParser):
    """Refuses unknown and repeated parameters, which webargs would pass over."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012  # declared so by webargs
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": RAISE,
    }

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """The parameters, each given once."""
        repeated = [name for name, values in req.args.lists() if len(values) > 1]
        if repeated:
            raise ValidationError({name: ["is given more than once"] for name in repeated})
        return super().load_querystring(req, schema)

    def handle_error(
        self,
        error: ValidationError,
        req: Request,
        schema: Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        """A 422 that names each parameter."""
        assert isinstance(error.messages, dict)
        errors = [
            {"parameter": str(name), "message": "; ".join(map(str, messages))}
            for name, messages in error.messages["query"].items()
        ]
        raise Problem(INVALID_PARAMETERS, errors=errors) from error


class Query(Schema):
    """The base of all queries: what is not declared is an error."""

    class Meta:
        unknown = RAISE

    error_messages = {  # noqa: RUF012  # declared so by marshmallow
        "unknown": "is no parameter of this route"
    }


class Whole(fields.Integer):
    """ASCII digits only: Python's own ``int`` takes more than a contract should."""

    def __init__(
        self, about: str, *, least: int = 0, most: int = INTEGER_MAX, **options: Any
    ) -> None:
        self.least, self.most = least, most
        in_range = validate.Range(least, most, error="must be from {min} to {max}")
        super().__init__(validate=in_range, metadata={"description": about}, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if not _WHOLE.fullmatch(value):
            raise ValidationError(f"must be a whole number from {self.least} to {self.most}")
        return int(value)


class YesNo(fields.Boolean):
    """``true`` or ``false``, nothing that resembles them."""

    def __init__(self, about: str) -> None:
        super().__init__(metadata={"description": about})

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if value not in ("true", "false"):
            raise ValidationError("must be true or false")
        return bool(value == "true")


class Text(fields.String):
    """Text that a database can hold."""

    def __init__(self, about: str, *, choices: Sequence[str] = (), **options: Any) -> None:
        checks: list[Callable[[str], Any]] = [_LENGTH, _printable]
        if choices:
            checks.append(validate.OneOf(choices, error="must be one of {choices}"))
        super().__init__(validate=checks, metadata={"description": about}, **options)


class Account(Text):
    """An account's id, or ``self``; no pattern, whatever the store may take for one."""

    def _deserialize(self, value: Any, *rest: Any, **options: Any) -> Any:
        if not _ACCOUNT.fullmatch(value):
            raise ValidationError("must be an account's id, or self")
        return super()._deserialize(value, *rest, **options)


class TypePattern(Text):
    """An event type, or the beginning of one with ``.*``."""

    def _deserialize(self, value: Any, *rest: Any, **options: Any) -> Any:
        if not _TYPE_PATTERN.fullmatch(value):
            raise ValidationError("must be an event type like charge.succeeded, or like charge.*")
        return super()._deserialize(value, *rest, **options)


class Moment(fields.String):
    """Unix seconds, or RFC 3339 with its offset; a fraction of a second is cut off."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if _WHOLE.fullmatch(value) and int(value) <= INTEGER_MAX:
            return int(value)
        try:
            if _RFC_3339.fullmatch(value):
                return max(0, int(datetime.fromisoformat(value.upper()).timestamp() // 1))
        except (ValueError, OverflowError):
            pass
        raise ValidationError(
            "must be Unix seconds or RFC 3339 with an offset, like 2026-01-31T12:00:00Z"
            " (in a URL, + is written %2B)"
        )


def _printable(value: str) -> None:
    if _UNPRINTABLE.search(value):
        raise ValidationError("must not hold control characters")


def livemode() -> fields.Field[Any]:
    return YesNo("Only live mode (true) or only test mode (false).")


def account(about: str = "Only this connected account; self for the own one.") -> fields.Field[Any]:
    return Account(about)


def paging() -> dict[str, fields.Field[Any]]:
    """How a list is walked through; ``Paged`` refuses both cursors at once."""
    return {
        "limit": Whole("How many items.", least=1, most=100, load_default=10),
        "starting_after": Text("Go on behind the item with this id."),
        "ending_before": Text("Go back from the item with this id."),
    }


def compared(name: str, about: str, operators: tuple[str, ...]) -> dict[str, fields.Field[Any]]:
    """``name[gte]`` and its like."""
    words = {"gt": "after", "gte": "at or after", "lt": "before", "lte": "at or before"}
    return {
        f"{name}_{operator}": Whole(f"{about} {words[operator]}.", data_key=f"{name}[{operator}]")
        for operator in operators
    }


def created() -> dict[str, fields.Field[Any]]:
    """Filters by time."""
    return compared("created", "Created, in Unix seconds,", ("gt", "gte", "lt", "lte"))


class Paged(Query):
    """A query with cursors."""

    @validates_schema
    def one_direction(self, data: Mapping[str, Any], **_: Any) -> None:
        if "starting_after" in data and "ending_before" in data:
            raise ValidationError("cannot be given together with starting_after", "ending_before")


def query(members: Mapping[str, fields.Field[Any]], base: type[Schema] = Query) -> type[Schema]:
    """A query of these parameters."""
    return base.from_dict(dict(members))


def paged(members: Mapping[str, fields.Field[Any]]) -> type[Schema]:
    """A list's query: these parameters and the paging."""
    return query({**paging(), **members}, Paged)


def created_of(arguments: Mapping[str, Any]) -> dict[str, int]:
    """The operators that were given for ``created``."""
    names = {f"created_{operator}": operator for operator in ("gt", "gte", "lt", "lte")}
    return {operator: arguments[name] for name, operator in names.items() if name in arguments}
