"""Invoices: what is asked for; many events of one can share a second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from projections.objects.declaration import Link, Read, StripeObject
from projections.objects.measures import integer, not_null_count
from projections.objects.paths import at
from projections.objects.types import Type, lower
from projections.rows.aggregate import Aggregate, first_link
from projections.rows.kind import Field, Kind, reads_of

__all__ = ["INVOICE", "INVOICE_PAYMENT", "KIND"]


def _status_before_2018(snapshot: Mapping[str, Any]) -> str | None:
    if not {"paid", "closed", "forgiven"} & snapshot.keys():
        return None
    if snapshot.get("paid"):
        return "paid"
    if snapshot.get("forgiven"):
        return "uncollectible"
    if snapshot.get("closed"):
        return "void"
    return "open" if snapshot.get("number") else "draft"


def _order(invoice: Aggregate) -> str | None:
    assert invoice.root is not None
    own = first_link(invoice.root, "payment_intent")
    if own is not None:
        return own
    payments = invoice.component.linking("invoice_payment", "invoice", invoice.id)
    ids = [first_link(payment, "payment_intent") for payment in payments]
    return next((id for id in ids if id is not None), None)


def _deleted(values: dict[str, Any], type: str, created: int) -> None:
    # The snapshot still shows the draft: only the type says that it was deleted.
    if type == "invoice.deleted":
        values["status"] = "deleted"


_FIELDS = (
    Field(
        "status", Type.CODE, "Stripe's status, or `deleted` for a deleted draft.", at("status"),
        fallback=_status_before_2018,
    ),
    Field("number", Type.CODE, "The number the customer sees.", at("number")),
    Field(
        "customer", Type.ID, "The customer, or the account that is one.",
        at("customer", "customer_account"),
    ),
    Field(
        "subscription", Type.ID, "The subscription it bills.",
        at("parent.subscription_details.subscription", "subscription"),
    ),
    Field(
        "order", Type.ID, "The PaymentIntent that pays it, whether or not that order is known.",
        derive=_order,
    ),
    Field("amount_due", Type.INTEGER, "What is due, in the minor unit.", at("amount_due")),
    Field("amount_paid", Type.INTEGER, "What was paid.", at("amount_paid")),
    Field("amount_remaining", Type.INTEGER, "What is left to pay.", at("amount_remaining")),
    Field("total", Type.INTEGER, "The total after discounts and taxes.", at("total")),
    Field(
        "currency", Type.CODE, "Three-letter ISO code, lower case.", at("currency"),
        convert=lower,
    ),
    Field("attempt_count", Type.INTEGER, "How often payment was tried.", at("attempt_count")),
    Field(
        "next_payment_attempt", Type.TIME, "When payment is tried next.",
        at("next_payment_attempt"),
    ),
    Field("period_start", Type.TIME, "Start of the period it looks back on.", at("period_start")),
    Field("period_end", Type.TIME, "End of the period it looks back on.", at("period_end")),
    Field("paid_at", Type.TIME, "When it was paid.", at("status_transitions.paid_at")),
    Field("billing_reason", Type.CODE, "What made it.", at("billing_reason")),
    Field(
        "collection_method", Type.CODE, "`charge_automatically` or `send_invoice`.",
        at("collection_method", "billing"),
    ),
)  # fmt: skip

INVOICE = StripeObject(
    "invoice",
    event_types=("invoice.*",),
    reads=(Read("created", Type.TIME, at("created", "date")), *reads_of(*_FIELDS)),
    terminal=frozenset({"paid", "void", "deleted"}),
    progress=(not_null_count("status_transitions"), integer("amount_paid")),
    type_order=(
        "created",
        "updated",
        "finalized",
        "sent|payment_action_required",
        "payment_failed",
        "marked_uncollectible",
        "paid|payment_succeeded|voided",
        "deleted",
    ),
    status_order=("draft", "open", "uncollectible", "void", "paid", "deleted"),
    tie_breakers=(integer("attempt_count"),),
    links=(
        Link("payment_intent", at("payment_intent", "payments.data.*.payment.payment_intent")),
        Link("charge", at("charge", "payments.data.*.payment.charge")),
    ),
    from_event_type=_deleted,
    # A preview of what may come: no invoice has it.
    ignored_types=frozenset({"invoice.upcoming"}),
)

INVOICE_PAYMENT = StripeObject(
    "invoice_payment",
    event_types=("invoice_payment.paid",),
    progress=(not_null_count("status_transitions"), integer("amount_paid")),
    links=(
        Link("invoice", at("invoice")),
        Link("payment_intent", at("payment.payment_intent")),
        Link("charge", at("payment.charge")),
    ),
)

KIND = Kind(
    name="invoices",
    object="invoice",
    about="Invoices and what became of them.",
    members=(INVOICE,),
    references=(INVOICE_PAYMENT.referenced(),),
    joins=frozenset({"invoice"}),
    fields=_FIELDS,
)
