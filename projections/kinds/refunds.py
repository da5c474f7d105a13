"""Refunds: money on its way back to a buyer, which may still fail long after it succeeded."""

from __future__ import annotations

from typing import Any

from projections.objects.declaration import Link, Read, StripeObject
from projections.objects.paths import at
from projections.objects.types import Type, lower
from projections.payments.links import order_of
from projections.payments.objects import CHARGE, PAYMENT_INTENT
from projections.rows.aggregate import Aggregate
from projections.rows.condition import status_is
from projections.rows.kind import Field, Kind, reads_of

__all__ = ["KIND", "REFUND"]


def _reference(details: Any) -> Any:
    # Under the name of the way it goes: a card's, a bank transfer's, …
    if not isinstance(details, dict):
        return details
    ways = (way for way in details.values() if isinstance(way, dict))
    return next((way["reference"] for way in ways if way.get("reference")), None)


def _pending_reason(refund: Aggregate) -> Any:
    # The key goes when the waiting is over: what it said before is no reason any more.
    is_pending = refund.values.get("status") == "pending"
    return refund.values.get("pending_reason") if is_pending else None


_FIELDS = (
    Field(
        "status",
        Type.CODE,
        "Stripe's status; `succeeded` may still become `failed`.",
        at("status"),
        # Very old versions leave it null on cards, where nothing else could happen.
        fallback=lambda snapshot: "succeeded",
    ),
    Field("amount", Type.INTEGER, "Amount refunded, in the minor unit.", at("amount")),
    Field(
        "currency", Type.CODE, "Three-letter ISO code, lower case.", at("currency"),
        convert=lower,
    ),
    Field("charge", Type.ID, "The charge that is refunded.", at("charge")),
    Field(
        "order", Type.ID,
        "The order refunded: its PaymentIntent, or what the charge belongs to.",
        derive=order_of,
    ),
    Field("reason", Type.CODE, "Why it was asked for.", at("reason")),
    Field("failure_reason", Type.CODE, "Why it failed.", at("failure_reason")),
    Field(
        "balance_transaction", Type.ID, "The balance transaction that paid for it.",
        at("balance_transaction"),
    ),
    Field(
        "pending_reason", Type.CODE, "What it waits for, while it does.", derive=_pending_reason
    ),
    Field("customer", Type.ID, "The customer.", at("customer")),
    Field("customer_account", Type.ID, "The account that is the customer.",
          at("customer_account")),
    Field(
        "payment_method", Type.ID, "What it is paid to, where it has no charge.",
        at("payment_method"),
    ),
    Field(
        "reference", Type.CODE, "The bank's own reference, by which the buyer's bank finds it.",
        at("destination_details"),
        convert=_reference,
    ),
)  # fmt: skip

REFUND = StripeObject(
    "refund",
    event_types=("refund.*", "charge.refund.updated"),
    reads=(*reads_of(*_FIELDS), Read("pending_reason", Type.CODE, at("pending_reason"))),
    terminal=frozenset({"failed", "canceled"}),
    type_order=("created", "updated", "failed"),
    status_order=("requires_action", "pending", "succeeded", "canceled", "failed"),
    links=(Link("charge", at("charge")), Link("payment_intent", at("payment_intent"))),
    first_seen={"ended": lambda values, type: values.get("status") in ("failed", "canceled")},
)

KIND = Kind(
    name="refunds",
    object="refund",
    about="Money given back to buyers.",
    members=(REFUND,),
    references=(CHARGE.referenced(), PAYMENT_INTENT.referenced()),
    joins=frozenset({"refund", "charge", "payment_intent"}),
    summary=("amount",),
    conditions=(
        status_is("succeeded", "The money is on its way to the buyer; it may still fail."),
        status_is("failed", "The money did not reach the buyer, and came back."),
        status_is("canceled", "It was canceled."),
    ),
    fields=_FIELDS,
)
