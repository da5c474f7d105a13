"""Before- and after-images of an object: the top-level attributes around one event."""

from __future__ import annotations

import json
from typing import Any, TypedDict

import msgspec

__all__ = ["attributes", "decode", "is_scalar", "previous_attributes"]


class _Inside(TypedDict):
    """A nested object: none of its keys is decoded."""


class _List(msgspec.Struct, array_like=True, gc=False):
    """A nested list: none of its items is decoded."""


_Values = dict[str, str | int | float | bool | _Inside | _List | None]


class _Data(msgspec.Struct, gc=False):
    object: _Values
    previous_attributes: _Values | None = None


class _Event(msgspec.Struct, gc=False):
    data: _Data


class _PreviousData(msgspec.Struct, gc=False):
    previous_attributes: dict[str, Any] | None = None


class _PreviousEvent(msgspec.Struct, gc=False):
    data: _PreviousData


_decode = msgspec.json.Decoder(_Event).decode
_decode_previous = msgspec.json.Decoder(_PreviousEvent).decode
_NESTED = (dict, _List)


def attributes(body: bytes) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The object's top-level attributes after and before the event; None if undecodable.

    Nested values are placeholders that ``is_scalar`` refuses. The second is
    ``{**object, **previous_attributes}``; where the event has no previous attributes it is the
    same dict as the first. ``body`` is UTF-8: the log takes nothing else as an event.
    """
    try:
        data = _decode(body).data
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    after, previous = data.object, data.previous_attributes
    return after, after | previous if previous else after


def is_scalar(value: Any) -> bool:
    """Whether a value of an image is a plain JSON scalar, and not a nested value's placeholder."""
    return not isinstance(value, _NESTED)


def decode(body: bytes) -> dict[str, Any]:
    """A stored event; the standard library reads what msgspec refuses (a lone surrogate)."""
    try:
        document = msgspec.json.decode(body)
    except msgspec.DecodeError:
        document = json.loads(body)
    return document if isinstance(document, dict) else {}


def previous_attributes(body: bytes) -> dict[str, Any]:
    """An event's `previous_attributes`; empty where it has none."""
    try:
        previous: Any = _decode_previous(body).data.previous_attributes
    except (msgspec.DecodeError, UnicodeDecodeError):
        previous = decode(body)["data"].get("previous_attributes")
    return previous if isinstance(previous, dict) else {}
