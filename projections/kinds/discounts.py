"""Discounts: which customer or subscription has which coupon, and for how long."""

from __future__ import annotations

from projections.objects.declaration import StripeObject
from projections.objects.deletion import DELETED, deletion
from projections.objects.paths import at
from projections.objects.types import Type, lower
from projections.rows.kind import Field, Kind, reads_of

__all__ = ["DISCOUNT", "KIND"]


def _coupon(name: str) -> tuple[str, ...]:
    """Where a fact of the coupon stands: nowhere, where the discount names it by its id only."""
    return at(f"source.coupon.{name}", f"coupon.{name}")


_FIELDS = (
    Field("coupon", Type.ID, "The coupon it gives.", at("source.coupon", "coupon")),
    Field("customer", Type.ID, "The customer who has it.", at("customer")),
    Field("subscription", Type.ID, "The subscription that has it.", at("subscription")),
    Field("start", Type.TIME, "When it began.", at("start")),
    Field("end", Type.TIME, "When it ends.", at("end")),
    Field(
        "percent_off", Type.NUMBER,
        "How many percent it takes off; null where it shows only its coupon's id.",
        _coupon("percent_off"),
    ),
    Field(
        "amount_off", Type.INTEGER,
        "What it takes off, in the minor unit; null where it shows only its coupon's id.",
        _coupon("amount_off"),
    ),
    Field(
        "currency", Type.CODE, "Of `amount_off`: three-letter ISO code, lower case.",
        _coupon("currency"),
        convert=lower,
    ),
    Field("duration", Type.CODE, "`once`, `repeating` or `forever`.", _coupon("duration")),
    Field(
        "valid", Type.BOOLEAN, "Whether its coupon could still be applied to others.",
        _coupon("valid"),
    ),
    Field("deleted", Type.BOOLEAN, "Whether it was taken away.", at("deleted")),
)  # fmt: skip

DISCOUNT = StripeObject(
    "discount",
    event_types=("customer.discount.*",),
    # Neither listed nor fetched: who has it names it.
    listing=None,
    reads=reads_of(*_FIELDS),
    terminal=frozenset({DELETED}),
    type_order=("created", "updated", "deleted"),
    from_event_type=deletion,
)

KIND = Kind(
    name="discounts",
    object="discount",
    about="Coupons that a customer or a subscription has.",
    members=(DISCOUNT,),
    fields=_FIELDS,
)
