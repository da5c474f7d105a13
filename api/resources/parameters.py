"""Parameters: a small vocabulary of strict fields, and a parser that ignores nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

from flask import Request
from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema
from webargs.flaskparser import FlaskParser

from api.problems import INVALID_PARAMETERS, UNSUPPORTED_MEDIA_TYPE, Problem
from ledger.event import TYPE_GRAMMAR
from ledger.strict_json import strict_loads
from projections import Page

INTEGER_MAX = 2**63 - 1
TEXT_CHARACTERS_MAX = 500

_DIGITS = re.compile(r"[0-9]{1,25}", re.ASCII)
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_ACCOUNT = re.compile(r"[!-)+-~]{1,255}", re.ASCII)
_TYPE_PATTERN = re.compile(rf"{TYPE_GRAMMAR}(\.\*)?", re.ASCII)
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII | re.IGNORECASE,
)
_LENGTH = validate.Length(1, TEXT_CHARACTERS_MAX, error="must have {min} to {max} characters")


class StrictParser(FlaskParser):
    """Refuses unknown and repeated parameters, which webargs would ignore."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012  # declared so by webargs
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": RAISE,
        "json": RAISE,
    }

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """The parameters, each of which may be given only once."""
        repeated = [name for name, values in req.args.lists() if len(values) > 1]
        if repeated:
            raise ValidationError({name: ["is given more than once"] for name in repeated})
        return super().load_querystring(req, schema)

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The members of the body's JSON object, read as strictly as a delivery."""
        body = req.get_data()
        if req.mimetype != "application/json":
            raise Problem(UNSUPPORTED_MEDIA_TYPE, "The body must be application/json.")
        try:
            document = strict_loads(body)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise ValidationError({"body": ["must be one JSON object"]})
        return document

    def handle_error(
        self,
        error: ValidationError,
        req: Request,
        schema: Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        """Raise a 422 that names each wrong parameter."""
        assert isinstance(error.messages, dict)
        errors = [
            {"parameter": str(name), "message": "; ".join(_texts(messages))}
            for location in error.messages.values()
            for name, messages in location.items()
        ]
        raise Problem(INVALID_PARAMETERS, errors=errors) from error


def _texts(messages: Any) -> list[str]:
    """All messages about a parameter, also those about the items of a list."""
    if isinstance(messages, Mapping):
        return [text for each in messages.values() for text in _texts(each)]
    return [str(message) for message in messages]


class Query(Schema):
    """The base of all queries: a parameter that is not declared is an error."""

    class Meta:
        unknown = RAISE

    error_messages = {  # noqa: RUF012  # declared so by marshmallow
        "unknown": "is not a parameter of this route"
    }


class StrictInteger(fields.Integer):
    """An integer of ASCII digits only: Python's ``int`` accepts more than a contract should."""

    def __init__(
        self, description: str, *, least: int = 0, most: int = INTEGER_MAX, **options: Any
    ) -> None:
        self.least, self.most = least, most
        in_range = validate.Range(least, most, error="must be from {min} to {max}")
        super().__init__(validate=in_range, metadata={"description": description}, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if not _DIGITS.fullmatch(value):
            raise ValidationError(f"must be a whole number from {self.least} to {self.most}")
        return int(value)


class StrictBoolean(fields.Boolean):
    """``true`` or ``false``, and nothing that resembles them."""

    def __init__(self, description: str) -> None:
        super().__init__(metadata={"description": description})

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if value not in ("true", "false"):
            raise ValidationError("must be true or false")
        return bool(value == "true")


class Text(fields.String):
    """Text that every database can store."""

    def __init__(self, description: str, *, choices: Sequence[str] = (), **options: Any) -> None:
        checks: list[Callable[[str], Any]] = [_LENGTH, _printable]
        if choices:
            checks.append(validate.OneOf(choices, error="must be one of {choices}"))
        super().__init__(validate=checks, metadata={"description": description}, **options)


class AccountId(Text):
    """An account's id, or ``self``; never a pattern: ``*`` is refused."""

    def _deserialize(self, value: Any, *rest: Any, **options: Any) -> Any:
        if not _ACCOUNT.fullmatch(value):
            raise ValidationError("must be an account's id, or self")
        return super()._deserialize(value, *rest, **options)


class TypePattern(Text):
    """An event type, or a prefix of event types that ends with ``.*``."""

    def _deserialize(self, value: Any, *rest: Any, **options: Any) -> Any:
        if not _TYPE_PATTERN.fullmatch(value):
            raise ValidationError("must be an event type like charge.succeeded, or like charge.*")
        return super()._deserialize(value, *rest, **options)


class Timestamp(fields.String):
    """A time in Unix seconds or in RFC 3339 with an offset, rounded down to a whole second."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if _DIGITS.fullmatch(value) and int(value) <= INTEGER_MAX:
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
    return StrictBoolean("Only live mode (true) or only test mode (false).")


def account() -> fields.Field[Any]:
    return AccountId("Only this connected account; self for your own account.")


def paging() -> dict[str, fields.Field[Any]]:
    """The parameters that page through a list; ``PagedQuery`` refuses both cursors at once."""
    return {
        "limit": StrictInteger("How many items at most.", least=1, most=100, load_default=10),
        "starting_after": Text("Return the items that follow the one with this id."),
        "ending_before": Text("Return the items that precede the one with this id."),
    }


def compared(
    name: str, description: str, operators: tuple[str, ...]
) -> dict[str, fields.Field[Any]]:
    """The parameters ``name[gt]``, ``name[gte]``, …, one per operator.

    ``{}`` in the description stands for the operator in words.
    """
    words = {"gt": "after", "gte": "at or after", "lt": "before", "lte": "at or before"}
    return {
        f"{name}_{operator}": StrictInteger(
            description.format(words[operator]), data_key=f"{name}[{operator}]"
        )
        for operator in operators
    }


def created() -> dict[str, fields.Field[Any]]:
    """The filters by ``created``."""
    return compared("created", "Created {} this time, in Unix seconds.", ("gt", "gte", "lt", "lte"))


class PagedQuery(Query):
    """The query of a list, with cursors."""

    @validates_schema
    def refuse_both_cursors(self, data: Mapping[str, Any], **_: Any) -> None:
        if "starting_after" in data and "ending_before" in data:
            raise ValidationError("cannot be given together with starting_after", "ending_before")


def query(members: Mapping[str, fields.Field[Any]], base: type[Schema] = Query) -> type[Schema]:
    """A query that consists of these parameters."""
    return base.from_dict(dict(members))


def paged(members: Mapping[str, fields.Field[Any]]) -> type[Schema]:
    """A list's query: these parameters and the paging."""
    return query({**paging(), **members}, PagedQuery)


def created_bounds(arguments: Mapping[str, Any]) -> dict[str, int]:
    """The bounds of ``created`` in a request's arguments, by operator (``gte``, …)."""
    names = {f"created_{operator}": operator for operator in ("gt", "gte", "lt", "lte")}
    return {operator: arguments[name] for name, operator in names.items() if name in arguments}


def page(arguments: Mapping[str, Any]) -> Page:
    """The page that a request's arguments name."""
    return Page(arguments["limit"], arguments.get("starting_after"), arguments.get("ending_before"))
