"""A payment's two objects, the PaymentIntent and the Charge, which several kinds read."""

from __future__ import annotations

from typing import Any

from projections.objects.declaration import Embed, Link, Measure, Read, StripeObject
from projections.objects.measures import integer
from projections.objects.paths import at
from projections.objects.types import Type, lower

__all__ = ["CHARGE", "PAYMENT_INTENT"]

_RENAMED = {
    # Before 2019-02-11.
    "requires_source": "requires_payment_method",
    "requires_source_action": "requires_action",
    "requires_authorization": "requires_action",
}

PAYMENT_INTENT = StripeObject(
    "payment_intent",
    event_types=("payment_intent.*",),
    reads=(
        Read(
            "status", Type.CODE, at("status"),
            lambda value: _RENAMED.get(value, value) if isinstance(value, str) else value,
        ),
        Read("amount", Type.INTEGER, at("amount")),
        Read("amount_received", Type.INTEGER, at("amount_received")),
        Read("currency", Type.CODE, at("currency"), lower),
        Read("customer", Type.ID, at("customer", "customer_account")),
        Read("description", Type.TEXT, at("description")),
        Read("latest_charge", Type.ID, at("latest_charge", "charges.data.0")),
        Read("canceled_at", Type.TIME, at("canceled_at")),
        Read("last_payment_error", Type.OBJECT, at("last_payment_error"), lambda error: {}),
        Read("failure_code", Type.CODE, at("last_payment_error.code")),
        Read("failure_message", Type.TEXT, at("last_payment_error.message")),
    ),
    terminal=frozenset({"succeeded", "canceled"}),
    progress=(integer("amount_received"),),
    type_order=(
        "created",
        "partially_funded",
        "requires_action",
        "processing",
        "payment_failed",
        "amount_capturable_updated",
        "canceled",
        "succeeded",
    ),
    status_order=(
        "requires_payment_method",
        "requires_confirmation",
        "requires_action",
        "processing",
        "requires_capture",
        "canceled",
        "succeeded",
    ),
    links=(
        Link("charge", at("latest_charge", "charges.data")),
        Link("invoice", at("invoice", "payment_details.order_reference"), prefix="in_"),
        Link("checkout.session", at("payment_details.order_reference"), prefix="cs_"),
    ),
    embeds=(Embed("charge", "charges.data"),),
    first_seen={
        "paid": lambda values, type: (
            values.get("status") == "succeeded" or (values.get("amount_received") or 0) > 0
        )
    },
)  # fmt: skip


def _captured(amount_captured: Any, amount: Any, captured: Any) -> int:
    if amount_captured.__class__ is int:
        return int(amount_captured)
    # Charges before `amount_captured`: captured, or not.
    return int(amount) if captured is True and amount.__class__ is int else 0


CHARGE = StripeObject(
    "charge",
    event_types=("charge.*",),
    reads=(
        # Until 2015-02-18 `succeeded` was `paid`.
        Read(
            "status", Type.CODE, at("status"),
            lambda value: "succeeded" if value == "paid" else value,
        ),
        Read("amount", Type.INTEGER, at("amount")),
        Read("amount_captured", Type.INTEGER, at("amount_captured")),
        Read("amount_refunded", Type.INTEGER, at("amount_refunded")),
        Read("captured", Type.BOOLEAN, at("captured")),
        Read("refunded", Type.BOOLEAN, at("refunded")),
        Read("currency", Type.CODE, at("currency"), lower),
        Read("customer", Type.ID, at("customer", "customer_account")),
        Read("description", Type.TEXT, at("description")),
        Read("failure_code", Type.CODE, at("failure_code")),
        Read("failure_message", Type.TEXT, at("failure_message")),
        Read(
            "payment_method_type", Type.CODE, at("payment_method_details.type", "source"),
            # Until 2019-03 a card stood there itself; a source names its type.
            lambda value: (
                value.get("type" if value.get("object") == "source" else "object")
                if isinstance(value, dict)
                else value
            ),
        ),
    ),
    terminal=frozenset({"failed"}),
    progress=(
        Measure(
            (
                ("amount_captured", Type.INTEGER),
                ("amount", Type.INTEGER),
                ("captured", Type.BOOLEAN),
            ),
            _captured,
        ),
    ),
    type_order=("pending", "succeeded", "captured", "updated", "refunded", "expired", "failed"),
    status_order=("pending", "succeeded", "failed"),
    tie_breakers=(integer("amount_refunded"),),
    links=(
        Link("payment_intent", at("payment_intent")),
        Link("invoice", at("invoice"), prefix="in_"),
        Link("refund", at("refunds.data")),
    ),
    embeds=(Embed("refund", "refunds.data"),),
    first_seen={
        "paid": lambda values, type: (
            values.get("status") == "succeeded"
            and bool(values.get("amount_captured", values.get("captured")))
        ),
        "expired": lambda values, type: type == "charge.expired",
    },
)  # fmt: skip
