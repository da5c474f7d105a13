"""Patterns of notification types: `order.paid`, `order.*`, `*`."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

from api.notify.errors import SubscriberRefused

__all__ = ["check_types", "matches"]

_EVERY = "*"
_OF_OBJECT = ".*"


def matches(patterns: Iterable[str], type: str) -> bool:
    """Whether a type is one of those that patterns stand for."""
    object, _, _ = type.rpartition(".")
    names = (type, f"{object}{_OF_OBJECT}", _EVERY)
    return any(pattern in names for pattern in patterns)


def check_types(patterns: Iterable[str], known: Collection[str]) -> tuple[str, ...]:
    """The patterns without repetitions; ``SubscriberRefused`` where one stands for nothing."""
    chosen = tuple(dict.fromkeys(patterns))
    if not chosen:
        raise SubscriberRefused(
            "types must name at least one type, like order.paid or order.*", parameter="types"
        )
    objects = {f"{type.rpartition('.')[0]}{_OF_OBJECT}" for type in known}
    names = {*known, *objects, _EVERY}
    for pattern in chosen:
        if pattern not in names:
            near = difflib.get_close_matches(pattern, sorted(names), n=3)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise SubscriberRefused(
                f"no notification has the type {pattern!r}{hint}", parameter="types"
            )
    return chosen
