"""The rarer steps of generated readers, as functions that they call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import UNSET, Struct

from projections.errors import Unreadable
from projections.objects.declaration import Read
from projections.objects.types import ABSENT, Type, coerce, is_id

__all__ = ["Converted", "add_ids", "by_id", "coerced", "converted", "each", "odd", "plain_id"]

# Statuses and currencies are few; a field with more distinct texts is converted each time.
_REMEMBERED_MAX = 1000


def odd() -> Unreadable:
    """Ends the fast way: the generic decoder decides what this is, and whether it is wrong."""
    return Unreadable("left to the generic decoder")


def plain_id(value: Any) -> str:
    """The id of an expanded object."""
    id = value.get("id") if isinstance(value, dict) else getattr(value, "id", None)
    if isinstance(id, str):
        return id
    raise odd()


def coerced(read: Read, value: Any) -> Any:
    """A value that was not decoded as its read's type, as that type."""
    if isinstance(value, Struct):
        if read.type is not Type.ID:
            raise odd()
        value = plain_id(value)
    return coerce(read.type, value, read.name)


def converted(read: Read, value: Any) -> Any:
    """A value after its read's ``convert``."""
    assert read.convert is not None
    value = read.convert(value)
    return UNSET if value is ABSENT else coerce(read.type, value, read.name)


class Converted(dict[str, Any]):
    """``converted`` for texts, which remembers its results."""

    def __init__(self, read: Read) -> None:
        super().__init__()
        self.read = read

    def __missing__(self, text: str) -> Any:
        value = converted(self.read, text)
        if len(self) < _REMEMBERED_MAX and (value is None or isinstance(value, str | int)):
            self[text] = value
        return value


def each(items: list[Any], rest: Callable[[Any], Any]) -> Any:
    """The values at the rest of a path in each item that has it."""
    return [value for value in map(rest, items) if value is not UNSET] or UNSET


def add_ids(ids: list[str], value: Any, prefix: str | tuple[str, ...]) -> None:
    """Add the ids at a link's path to ``ids``; what is no id is passed over."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            id = item.get("id")
        else:
            id = getattr(item, "id", None) if isinstance(item, Struct) else item
        if is_id(id) and id.startswith(prefix) and id not in ids:
            ids.append(id)


def by_id(items: Any, struct: type[Struct], read: Callable[[Any], Any]) -> dict[str, Any]:
    """The items of a merged list by id; empty where there is no list."""
    result: dict[str, Any] = {}
    for item in items if isinstance(items, list) else ():
        id = getattr(item, "id", None) if item.__class__ is struct else None
        if id is not None and id is not UNSET:
            result[id if isinstance(id, str) else plain_id(id)] = read(item)
    return result
