"""The measures by which snapshots of one second are compared."""

from __future__ import annotations

from typing import Any

from projections.objects.declaration import Measure
from projections.objects.types import Type

__all__ = ["equals", "integer", "not_null_count"]


def integer(key: str) -> Measure:
    """The integer under a key; 0 where there is none."""
    return Measure(((key, Type.INTEGER),), _integer)


def equals(key: str, code: str) -> Measure:
    """1 where the text under a key is ``code``, else 0."""
    return Measure(((key, Type.CODE),), lambda value: int(value == code))


def not_null_count(key: str) -> Measure:
    """How many values of the object under a key are not null."""
    return Measure(((key, None),), _not_null_count)


def _integer(value: Any) -> int:
    # No boolean, which Python takes for an integer too.
    return value if value.__class__ is int else 0


def _not_null_count(value: Any) -> int:
    return len(value) - list(value.values()).count(None) if value.__class__ is dict else 0
