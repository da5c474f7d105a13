"""Images of an object: its top-level scalars after an event, and before it."""

from __future__ import annotations

from typing import Any, TypedDict

import msgspec

__all__ = ["scalars"]


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
_NESTED = frozenset({dict, _List})


def scalars(body: bytes) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The scalars of an event's object after it and before it; None: the generic way has to say.

    The second are those of ``{**object, **previous_attributes}``; where the event names nothing
    that was otherwise, they are the first, the same dict. ``body`` is UTF-8, as the log took it.
    """
    try:
        data = _decode(body).data
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    after, previous = data.object, data.previous_attributes
    for name in _nested(after):
        del after[name]
    if not previous:
        return after, after
    before = after | previous
    # What was a list or an object before is no scalar of the before-image, whatever it is now.
    for name in _nested(previous):
        del before[name]
    return after, before


def _nested(values: dict[str, Any]) -> list[str]:
    return [name for name, value in values.items() if value.__class__ in _NESTED]
