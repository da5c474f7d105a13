"""Conditions: what may become true of a row, declared by its kind; each rise is a notification."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Condition", "status_is"]


@dataclass(frozen=True)
class Condition:
    """What may become true of a row: ``paid`` of an order is the notification ``order.paid``.

    ``holds`` looks at the row's aggregate, and of that only at its own objects: every rise has an
    event of the row's own among its causes. It may return a number instead of a truth: then each
    step up is a rise (a payment fails once more). It may look at whether a first time is known,
    and not at when that was.
    """

    name: str
    about: str
    holds: Callable[[Any], bool | int]


def status_is(name: str, about: str, *statuses: str) -> Condition:
    """That the root object's status is one of some, by default the one of the same name."""
    wanted = statuses or (name,)
    return Condition(name, about, lambda aggregate: aggregate.values.get("status") in wanted)
