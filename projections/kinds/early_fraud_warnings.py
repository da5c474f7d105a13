"""Early fraud warnings: a card's issuer suspects fraud, before anybody disputes the charge."""

from __future__ import annotations

from typing import Any

from projections.objects.declaration import Link, Measure, StripeObject
from projections.objects.paths import at
from projections.objects.types import Type
from projections.payments.links import order_of
from projections.payments.objects import CHARGE, PAYMENT_INTENT
from projections.rows.kind import Field, Kind, reads_of

__all__ = ["EARLY_FRAUD_WARNING", "KIND"]


def _is_over(actionable: Any) -> int:
    # A refund or a dispute ends it, and nothing begins it again.
    return int(actionable is False)


_FIELDS = (
    Field("charge", Type.ID, "The charge that is suspected.", at("charge")),
    Field(
        "order", Type.ID,
        "The order suspected: its PaymentIntent, or what the charge belongs to.",
        derive=order_of,
    ),
    Field("fraud_type", Type.CODE, "What is suspected: `made_with_stolen_card`, …",
          at("fraud_type")),
    Field(
        "actionable", Type.BOOLEAN,
        "Whether a refund would still help: there was none, and no dispute.", at("actionable"),
    ),
)  # fmt: skip

EARLY_FRAUD_WARNING = StripeObject(
    "radar.early_fraud_warning",
    event_types=("radar.early_fraud_warning.*",),
    reads=reads_of(*_FIELDS),
    progress=(Measure((("actionable", Type.BOOLEAN),), _is_over),),
    type_order=("created", "updated"),
    links=(Link("charge", at("charge")), Link("payment_intent", at("payment_intent"))),
)

KIND = Kind(
    name="early_fraud_warnings",
    object="early_fraud_warning",
    about="Charges that a card's issuer suspects.",
    members=(EARLY_FRAUD_WARNING,),
    references=(CHARGE.referenced(), PAYMENT_INTENT.referenced()),
    joins=frozenset({"radar.early_fraud_warning", "charge", "payment_intent"}),
    fields=_FIELDS,
)
