"""The types of fields, and how a JSON value becomes one; a wrong type is an error."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeGuard

import msgspec

from projections.errors import Unreadable

__all__ = [
    "ABSENT",
    "CODE_CHARACTERS_MAX",
    "DIGITS",
    "LONG",
    "Type",
    "clean",
    "coerce",
    "is_id",
    "lower",
    "not_empty",
]

# A key that is absent says nothing: it is not the same as null, and erases nothing.
ABSENT: Any = type("Absent", (), {"__repr__": lambda self: "ABSENT", "__slots__": ()})()

_INT64 = range(-(2**63), 2**63)
# Indexed texts: a PostgreSQL index entry holds no more than 2.7 KB, 4 bytes a character.
CODE_CHARACTERS_MAX = 500
_TEXTS = frozenset({"id", "code", "text"})
# An integer of more than 64 bits has 19 digits or more.
DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
LONG = b"0" * 19
_encode = msgspec.json.Encoder().encode
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Type(StrEnum):
    """The types a field may have."""

    ID = "id"
    CODE = "code"
    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    TIME = "time"
    BOOLEAN = "boolean"
    OBJECT = "object"
    LIST = "list"


def coerce(type: Type, value: Any, name: str) -> Any:
    """``value`` as the field ``name`` holds it; raises ``Unreadable`` for what does not fit."""
    if value is None:
        return None
    if value.__class__ is str and type in _TEXTS and _is_plain(value):
        return value
    return _COERCE[type](value, name)


def _is_plain(value: str) -> bool:
    """Whether nothing in a text has to be refused or cleaned: true for nearly all."""
    return len(value) <= CODE_CHARACTERS_MAX and value.isascii() and value.isprintable()


def clean(value: Any) -> Any:
    """JSON-like data without the characters that a database's text cannot hold.

    Raises ``Unreadable`` for an integer of more than 64 bits, which no reader may round.
    """
    if isinstance(value, str):
        if value.isascii() and value.isprintable():
            return value
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict | list) and _is_clean(value):
        return value
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clean(item) for item in value]
    if type(value) is int and value not in _INT64:
        raise Unreadable("an integer has more than 64 bits")
    return value


def _is_clean(value: Any) -> bool:
    """Whether nothing in an object or a list has to be cleaned or refused: true for nearly all.

    As JSON it is looked through at once; a number of 19 digits may be one of more than 64 bits.
    """
    try:
        encoded = _encode(value)
    except (OverflowError, RecursionError, TypeError, ValueError):
        return False
    return b"\\u0000" not in encoded and LONG not in encoded.translate(DIGITS)


def not_empty(value: Any) -> Any:
    """A code, or null where Stripe writes an empty text for none."""
    return None if value == "" else value


def lower(value: Any) -> Any:
    """A currency code in lower case; what is no text is left for ``coerce`` to refuse."""
    return value.lower() if isinstance(value, str) else value


def _wrong_type(name: str, expected: str, value: Any) -> Unreadable:
    # The type only: the value is the sender's and may be anybody's data.
    return Unreadable(f"{name}: expected {expected}, found {_type_name(value)}")


def _type_name(value: Any) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a text"}
    return names.get(type(value), "an object" if isinstance(value, dict) else "a list")


def _id(value: Any, name: str) -> str:
    # Where Stripe usually sends an id, the merchant may have had it expanded.
    if isinstance(value, dict):
        value = value.get("id")
    return _code(value, name)


def _code(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise _wrong_type(name, "a text", value)
    if len(value) > CODE_CHARACTERS_MAX:
        raise Unreadable(f"{name}: a text of {len(value)} characters is too long")
    return str(clean(value))


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise _wrong_type(name, "a text", value)
    return str(clean(value))


def _integer(value: Any, name: str) -> int:
    if type(value) is not int:
        raise _wrong_type(name, "an integer", value)
    if value not in _INT64:
        raise Unreadable(f"{name}: the integer has more than 64 bits")
    return value


def _number(value: Any, name: str) -> float:
    if type(value) not in (int, float):
        raise _wrong_type(name, "a number", value)
    if (type(value) is int and value not in _INT64) or not math.isfinite(value):
        raise Unreadable(f"{name}: the number is out of range")
    return float(value)


def _boolean(value: Any, name: str) -> bool:
    if type(value) is not bool:
        raise _wrong_type(name, "a boolean", value)
    return value


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong_type(name, "an object", value)
    cleaned: dict[str, Any] = clean(value)
    return cleaned


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong_type(name, "a list", value)
    cleaned: list[Any] = clean(value)
    return cleaned


_COERCE: Mapping[Type, Callable[[Any, str], Any]] = {
    Type.ID: _id,
    Type.CODE: _code,
    Type.TEXT: _text,
    Type.INTEGER: _integer,
    Type.NUMBER: _number,
    Type.TIME: _integer,
    Type.BOOLEAN: _boolean,
    Type.OBJECT: _object,
    Type.LIST: _list,
}


def is_id(value: Any) -> TypeGuard[str]:
    """Whether a value can be an object's id: the same rule as the log's."""
    return (
        isinstance(value, str) and 0 < len(value) <= 255 and value.isascii() and value.isprintable()
    )
