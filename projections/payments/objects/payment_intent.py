"""PaymentIntents: a payment from being asked for to its money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from projections.objects.declaration import Embed, Link, Read, StripeObject
from projections.objects.measures import integer
from projections.objects.paths import at
from projections.objects.types import Type, lower, not_empty

__all__ = ["PAYMENT_INTENT"]

_RENAMED = {
    # Before 2019-02-11.
    "requires_source": "requires_payment_method",
    "requires_source_action": "requires_action",
    "requires_authorization": "requires_action",
}


def _has_received(values: Mapping[str, Any]) -> bool:
    amount = values.get("amount_received")
    # Without the field nothing but the status says that money came.
    return values.get("status") == "succeeded" if amount is None else amount > 0


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
        Read("amount_capturable", Type.INTEGER, at("amount_capturable")),
        Read("currency", Type.CODE, at("currency"), lower),
        Read("customer", Type.ID, at("customer")),
        Read("customer_account", Type.ID, at("customer_account")),
        Read("description", Type.TEXT, at("description")),
        Read("latest_charge", Type.ID, at("latest_charge", "charges.data.0")),
        Read("canceled_at", Type.TIME, at("canceled_at")),
        Read("cancellation_reason", Type.CODE, at("cancellation_reason")),
        Read("last_payment_error", Type.OBJECT, at("last_payment_error"), lambda error: {}),
        Read("failure_code", Type.CODE, at("last_payment_error.code"), not_empty),
        Read("failure_message", Type.TEXT, at("last_payment_error.message")),
        Read("decline_code", Type.CODE, at("last_payment_error.decline_code"), not_empty),
        Read(
            "payment_method_type", Type.CODE,
            at("last_payment_error.payment_method.type", "last_payment_error.source.object"),
        ),
        Read("receipt_email", Type.TEXT, at("receipt_email"), personal=True),
        Read("shipping", Type.OBJECT, at("shipping"), personal=True, is_nested=True),
        Read("statement_descriptor", Type.TEXT, at("statement_descriptor")),
        Read("application_fee_amount", Type.INTEGER, at("application_fee_amount")),
        Read("on_behalf_of", Type.ID, at("on_behalf_of")),
        Read("destination", Type.ID, at("transfer_data.destination")),
        Read(
            "presentment_amount", Type.INTEGER, at("presentment_details.presentment_amount"),
        ),
        Read(
            "presentment_currency", Type.CODE, at("presentment_details.presentment_currency"),
            lower,
        ),
        Read("payment_record", Type.ID, at("payment_record")),
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
        "requires_reauthorization",
        "expired",
        "canceled",
        "succeeded",
    ),
    links=(
        Link("charge", at("latest_charge", "charges.data")),
        Link("invoice", at("invoice", "payment_details.order_reference"), prefix="in_"),
        Link("checkout.session", at("payment_details.order_reference"), prefix="cs_"),
    ),
    embeds=(Embed("charge", "charges.data"),),
    first_seen={"paid": lambda values, type: _has_received(values)},
)  # fmt: skip
