"""Coupons: what a discount takes off, and whether it can still be had."""

from __future__ import annotations

from projections.objects.declaration import StripeObject
from projections.objects.deletion import DELETED, deletion
from projections.objects.paths import at
from projections.objects.types import Type, lower
from projections.rows.kind import Field, Kind, reads_of

__all__ = ["COUPON", "KIND"]

_FIELDS = (
    Field("percent_off", Type.NUMBER, "How many percent it takes off.", at("percent_off")),
    Field("amount_off", Type.INTEGER, "What it takes off, in the minor unit.", at("amount_off")),
    Field(
        "currency", Type.CODE, "Of `amount_off`: three-letter ISO code, lower case.",
        at("currency"),
        convert=lower,
    ),
    Field("duration", Type.CODE, "`once`, `repeating` or `forever`.", at("duration")),
    Field("valid", Type.BOOLEAN, "Whether it can still be applied.", at("valid")),
    Field("deleted", Type.BOOLEAN, "Whether it was deleted.", at("deleted")),
)  # fmt: skip

COUPON = StripeObject(
    "coupon",
    event_types=("coupon.*",),
    reads=reads_of(*_FIELDS),
    terminal=frozenset({DELETED}),
    type_order=("created", "updated", "deleted"),
    from_event_type=deletion,
)

KIND = Kind(
    name="coupons",
    object="coupon",
    about="What discounts take off.",
    members=(COUPON,),
    fields=_FIELDS,
)
