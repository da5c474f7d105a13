"""Discounts in the world: coupons, and whom they were given to."""

from __future__ import annotations

from dataclasses import dataclass, field

from api.simulator.people import Person


@dataclass(slots=True)
class Coupon:
    """A coupon: a percentage or an amount off."""

    id: str
    created: int
    name: str
    percent_off: float | None = None
    amount_off: int | None = None
    currency: str | None = None
    duration: str = "repeating"
    duration_in_months: int | None = 3
    valid: bool = True
    times_redeemed: int = 0
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Discount:
    """A coupon applied to a customer or to one of their subscriptions."""

    id: str
    created: int
    coupon: Coupon
    customer: Person
    subscription: str | None
    start: int
    end: int | None
