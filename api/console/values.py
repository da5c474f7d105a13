"""Values of rows as a page shows them, by the declaration of their field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Flask

from api.backend import backend
from api.console.links import row_path
from api.console.money import money
from projections import Field, Type

__all__ = ["Shown", "add_filters", "ago", "is_money", "shown", "when"]

_COUNTS = ("_count", "quantity")
# The units that a distance is shown in, and from how many seconds on.
_UNITS = (
    ("year", 31_557_600, 730 * 86_400),
    ("day", 86_400, 86_400),
    ("hour", 3600, 3600),
    ("minute", 60, 60),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """One value: what a template has to know of it, by its ``form``."""

    form: str
    text: str = ""
    href: str | None = None
    seconds: int | None = None
    pairs: Sequence[tuple[str, str]] = ()
    items: Sequence[Shown] = ()
    header: Sequence[str] = ()
    table: Sequence[Sequence[Shown]] = ()


_ABSENT = Shown("absent", "none")


def shown(field: Field, value: Any, row: Mapping[str, Any]) -> Shown:
    """A field's value in a row, or in an item of one."""
    if value is None:
        return _ABSENT
    match field.type:
        case Type.TIME:
            return Shown("time", seconds=value)
        case Type.BOOLEAN:
            return Shown("word", "yes" if value else "no")
        case Type.ID:
            return _id(field.name, value, row)
        case Type.INTEGER if is_money(field):
            return Shown("number", money(value, _currency(field, row)))
        case Type.INTEGER | Type.NUMBER:
            return Shown("number", f"{value:,}")
        case Type.OBJECT:
            return Shown("pairs", pairs=list(_pairs(value)))
        case Type.LIST:
            return _list(field, value, row)
        case _:
            form = "status" if field.name.endswith("status") else "text"
            return Shown(form, str(value))


def is_money(field: Field) -> bool:
    """Whether a whole number is an amount: but for counts, a kind declares no others."""
    return field.type is Type.INTEGER and not field.name.endswith(_COUNTS)


def common(name: str, value: Any) -> Shown:
    """The value of a field that every kind has."""
    if name in ("created", "updated"):
        return Shown("time", seconds=value)
    return Shown("text", _text(value)) if value is not None else _ABSENT


def when(seconds: float | None) -> str:
    """A time in UTC, with the zone said."""
    if seconds is None:
        return ""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{seconds:.0f} s after 1970"


def moment(text: str) -> str:
    """A moment of a URL: Unix seconds as a time; whatever else REST took as it is."""
    return when(int(text)) if text.isascii() and text.isdigit() else text


def iso(seconds: float) -> str:
    """A time as HTML's ``datetime`` wants it."""
    return when(seconds).replace(" UTC", "Z").replace(" ", "T")


def ago(seconds: float | None) -> str:
    """How far a time is from this moment: `5 minutes ago`, `in 3 days`."""
    if seconds is None:
        return ""
    distance = backend().clock() - seconds
    size = abs(distance)
    for name, unit_seconds, least in _UNITS:
        if size >= least:
            count = int(size / unit_seconds)
            text = f"{count} {name}{'' if count == 1 else 's'}"
            return f"{text} ago" if distance >= 0 else f"in {text}"
    return "less than a minute ago" if distance >= 0 else "in less than a minute"


def _currency(field: Field, row: Mapping[str, Any]) -> str | None:
    if field.name.startswith("presentment_"):
        return row.get("presentment_currency")
    if field.name in ("net", "fees") and "net_currency" in row:
        net_currency: str | None = row["net_currency"]
        return net_currency
    return row.get("currency")


def _id(name: str, value: str, row: Mapping[str, Any]) -> Shown:
    kind = next(
        (kind for kind in backend().projections.kinds.values() if kind.object == name), None
    )
    if kind is not None:
        return Shown("id", value, row_path(kind.name, value, row))
    return Shown("id", value, f"/find?{urlencode({'id': value})}")


def _list(field: Field, value: Sequence[Any], row: Mapping[str, Any]) -> Shown:
    if field.items is None:
        kind = backend().projections.kinds.get(field.name)
        if kind is None:
            return Shown("list", items=[Shown("text", _text(each)) for each in value])
        return Shown("list", items=[_id(kind.object, str(each), row) for each in value])
    scope = {name: row.get(name) for name in ("account", "livemode", "currency")}
    table = [
        [shown(item, each.get(item.name), {**scope, **_known(each)}) for item in field.items]
        for each in value
    ]
    return Shown("table", header=[item.name for item in field.items], table=table)


def _known(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if value is not None}


def _pairs(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """The members of an object, those of objects in it under names like `address.city`."""
    for key, each in value.items():
        if isinstance(each, dict) and each:
            yield from _pairs(each, f"{prefix}{key}.")
        elif each is not None:
            yield f"{prefix}{key}", _text(each)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def add_filters(app: Flask) -> None:
    """Make what templates need of this known to them."""
    app.jinja_env.filters.update(
        when=when, ago=ago, iso=iso, money=money, moment=moment, json=_json
    )
