"""Reading by presence of keys: where API versions moved a field, its paths, newest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from projections.errors import Unreadable
from projections.objects.types import ABSENT

__all__ = ["at", "read", "reader", "walk"]


def at(*paths: str) -> tuple[str, ...]:
    """Where a field is read, newest shape first: ``a.b``, ``list.0.b``, or ``list.*.b`` for all."""
    return paths


def reader(paths: Sequence[str]) -> Callable[[Mapping[str, Any]], Any]:
    """``read`` for fixed paths; most are a single key, which is one look-up."""
    if len(paths) == 1 and "." not in paths[0]:
        key = paths[0]
        return lambda snapshot: snapshot.get(key, ABSENT)
    return lambda snapshot: read(snapshot, paths)


def read(snapshot: Mapping[str, Any], paths: Sequence[str]) -> Any:
    """The first value that is not null; null if a path is there at all; else ``ABSENT``."""
    result = ABSENT
    for path in paths:
        value = walk(snapshot, path)
        if value is not None and value is not ABSENT:
            return value
        if value is None:
            result = None
    return result


def walk(node: Any, path: str) -> Any:
    """The value at one path, or ``ABSENT``; a null on the way is a null at its end."""
    for index, step in enumerate(steps := path.split(".")):
        if node is None:
            return None
        if step == "*":
            return _each(node, ".".join(steps[index + 1 :]), path)
        if step.isdigit():
            if not isinstance(node, list):
                raise Unreadable(f"{path}: expected a list")
            node = node[int(step)] if int(step) < len(node) else None
        elif isinstance(node, dict):
            node = node.get(step, ABSENT)
        elif isinstance(node, str):
            # An id where other shapes have the object: it says nothing of what is inside.
            return ABSENT
        elif node is not ABSENT:
            raise Unreadable(f"{path}: expected an object")
        if node is ABSENT:
            return ABSENT
    return node


def _each(node: Any, rest: str, path: str) -> Any:
    if not isinstance(node, list):
        raise Unreadable(f"{path}: expected a list")
    values = [walk(item, rest) if rest else item for item in node]
    # Items of a shape that lacks the key say nothing, like an absent key anywhere else.
    return [value for value in values if value is not ABSENT] or ABSENT
