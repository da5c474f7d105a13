"""Images of an object: what stood on top of it after an event, and before it."""

from __future__ import annotations

from typing import Any, TypedDict

import msgspec

__all__ = ["attributes", "is_scalar"]


class _Inside(TypedDict):
    """An object inside: none of its keys is decoded."""


class _List(msgspec.Struct, array_like=True, gc=False):
    """A list inside: none of its items is decoded."""


_Values = dict[str, str | int | float | bool | _Inside | _List | None]


class _Data(msgspec.Struct, gc=False):
    object: _Values
    previous_attributes: _Values | None = None


class _Event(msgspec.Struct, gc=False):
    data: _Data


_decode = msgspec.json.Decoder(_Event).decode
_NESTED = (dict, _List)


def attributes(body: bytes) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """What stood on top of an event's object after it and before it; None: the generic way says.

    What is nested stands there hollow, as something for ``is_scalar`` to refuse. The second is
    ``{**object, **previous_attributes}``; where the event names nothing that was otherwise, it is
    the first, the same dict. ``body`` is UTF-8, as the log took it.
    """
    try:
        data = _decode(body).data
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    after, previous = data.object, data.previous_attributes
    return after, after | previous if previous else after


def is_scalar(value: Any) -> bool:
    """Whether a value of an image is what it was in the event."""
    return not isinstance(value, _NESTED)
