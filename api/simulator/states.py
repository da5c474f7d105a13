"""The objects of the world as they stood at a time: what Stripe's API answers from."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_args

from api.simulator.world import (
    Coupon,
    Customer,
    Discount,
    Invoice,
    InvoicePayment,
    Plan,
    Price,
    Product,
    WorldObject,
)

__all__ = ["State", "states_of"]

_WORLD: tuple[type, ...] = get_args(WorldObject)
_DELETED = (Customer, Product, Price, Plan, Coupon, Discount, Invoice, InvoicePayment)
# A payment that is detached is none of its invoice any more.
_DELETIONS = (".deleted", ".detached")


@dataclass(frozen=True, slots=True)
class State:
    """An object as it stood from a second on, in its account and mode."""

    time: int
    account: str | None
    livemode: bool
    world_object: WorldObject
    is_deleted: bool = False


def states_of(
    world_object: WorldObject, event_type: str, time: int, account: str | None, livemode: bool
) -> list[State]:
    """The states of an event's object and of all objects that it holds, none of them shared."""
    snapshot = copy.deepcopy(world_object)
    is_deleted = event_type.endswith(_DELETIONS) and isinstance(snapshot, _DELETED)
    # A recurring price is told twice, as a plan too; both go at once.
    gone = {id(snapshot), id(snapshot.price) if isinstance(snapshot, Plan) else 0}
    return [
        State(time, account, livemode, each, is_deleted and id(each) in gone)
        for each in _reachable(snapshot, set())
    ]


def _reachable(value: Any, seen: set[int]) -> Iterator[WorldObject]:
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, tuple | list):
        for each in value:
            yield from _reachable(each, seen)
    elif is_dataclass(value):
        if isinstance(value, _WORLD):
            yield value  # type: ignore[misc]  # a union of the types just asked for
        for field in fields(value):
            yield from _reachable(getattr(value, field.name), seen)
