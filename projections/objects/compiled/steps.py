"""The rarer steps of compiled readers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import UNSET, Struct

from projections.errors import Unreadable
from projections.objects.declaration import Read
from projections.objects.types import UNTOLD, Type, coerce, is_id

__all__ = ["Known", "add_ids", "bent", "each", "odd", "plain_id", "settled", "united"]

# Statuses and currencies are few; what is many is worked out anew.
_KNOWN_MAX = 1000


def odd() -> Unreadable:
    """Ends the fast way: the generic reading tells what this is, and whether it is wrong."""
    return Unreadable("not to be read the fast way")


def plain_id(value: Any) -> str:
    """The id where an object stands expanded."""
    id = value.get("id") if isinstance(value, dict) else getattr(value, "id", None)
    if isinstance(id, str):
        return id
    raise odd()


def settled(read: Read, value: Any) -> Any:
    """A value that was not decoded as its read's type, as its type."""
    if isinstance(value, Struct):
        if read.type is not Type.ID:
            raise odd()
        value = plain_id(value)
    return coerce(read.type, value, read.name)


def bent(read: Read, value: Any) -> Any:
    """A value after its read's ``convert``."""
    assert read.convert is not None
    value = read.convert(value)
    return UNSET if value is UNTOLD else coerce(read.type, value, read.name)


class Known(dict[str, Any]):
    """``bent`` of texts: remembers what became of them."""

    def __init__(self, read: Read) -> None:
        super().__init__()
        self.read = read

    def __missing__(self, text: str) -> Any:
        value = bent(self.read, text)
        if len(self) < _KNOWN_MAX and (value is None or isinstance(value, str | int)):
            self[text] = value
        return value


def each(items: list[Any], rest: Callable[[Any], Any]) -> Any:
    """What stands at the rest of a path in each item that has it."""
    return [value for value in map(rest, items) if value is not UNSET] or UNSET


def add_ids(found: list[str], value: Any, prefix: str) -> None:
    """Adds the ids among what stands at a link's path; what is none is passed over."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            id = item.get("id")
        else:
            id = getattr(item, "id", None) if isinstance(item, Struct) else item
        if is_id(id) and id.startswith(prefix) and id not in found:
            found.append(id)


def united(items: Any, struct: type[Struct], read: Callable[[Any], Any]) -> dict[str, Any]:
    """Items by id, where a list of them is there."""
    by_id: dict[str, Any] = {}
    for item in items if isinstance(items, list) else ():
        id = getattr(item, "id", None) if item.__class__ is struct else None
        if id is not None and id is not UNSET:
            by_id[id if isinstance(id, str) else plain_id(id)] = read(item)
    return by_id
