"""Orders: what one payment is about, gathered from its PaymentIntent, charges and sessions."""

from __future__ import annotations

from projections.kinds.disputes import DISPUTE
from projections.kinds.invoices import INVOICE, INVOICE_PAYMENT
from projections.kinds.refunds import REFUND
from projections.objects.declaration import Link, Read, StripeObject
from projections.objects.measures import equals
from projections.objects.paths import at
from projections.objects.types import Type, lower
from projections.payments.objects import CHARGE, PAYMENT_INTENT
from projections.payments.order import orders
from projections.rows.kind import Field, Kind

__all__ = ["CHECKOUT_SESSION", "KIND"]

CHECKOUT_SESSION = StripeObject(
    "checkout.session",
    event_types=("checkout.session.*",),
    reads=(
        Read("status", Type.CODE, at("status")),
        Read("payment_status", Type.CODE, at("payment_status")),
        Read("mode", Type.CODE, at("mode")),
        Read("amount", Type.INTEGER, at("amount_total")),
        Read("currency", Type.CODE, at("currency"), lower),
        Read("customer", Type.ID, at("customer", "customer_account")),
        Read("client_reference_id", Type.CODE, at("client_reference_id")),
    ),
    terminal=frozenset({"complete", "expired"}),
    is_settled=lambda values: values.get("payment_status") in ("paid", "no_payment_required"),
    progress=(equals("payment_status", "paid"),),
    type_order=("completed|expired", "async_payment_failed", "async_payment_succeeded"),
    status_order=("open", "expired", "complete"),
    links=(
        Link("payment_intent", at("payment_intent")),
        Link("invoice", at("invoice"), prefix="in_"),
    ),
    first_seen={
        "paid": lambda values, type: (
            values.get("status") == "complete"
            and values.get("payment_status") in ("paid", "no_payment_required")
        ),
        # The snapshot is the same as when the session completed: only the type says so.
        "async_payment_failed": lambda values, type: (
            type == "checkout.session.async_payment_failed"
        ),
    },
    # Before statuses, only the type said that a session was over.
    from_event_type=lambda values, type, created: values.update(
        status=values.get("status")
        or ("expired" if type == "checkout.session.expired" else "complete")
    ),
)

KIND = Kind(
    name="orders",
    object="order",
    about="What one payment is about, from being asked for to being disputed.",
    members=(PAYMENT_INTENT, CHARGE, CHECKOUT_SESSION, REFUND, DISPUTE),
    references=(INVOICE.referenced(), INVOICE_PAYMENT.referenced()),
    summary=("amount", "amount_received", "amount_refunded"),
    joins=frozenset({"payment_intent", "charge", "checkout.session", "refund", "dispute"}),
    aggregates=orders,
    aliases={"charge": "charge", "checkout.session": "checkout_session"},
    fields=(
        Field(
            "status", Type.CODE,
            "`paid`, `partially_refunded`, `refunded`, `canceled`, `authorized`, `processing`,"
            " `requires_action`, `failed`, `expired` or `incomplete`; a dispute is no status.",
            derive=lambda order: order.status, nullable=False,
        ),
        Field(
            "amount", Type.INTEGER, "What was asked for, in the minor unit.",
            derive=lambda order: order.value("amount"),
        ),
        Field(
            "amount_received", Type.INTEGER, "What was captured.",
            derive=lambda order: order.received, nullable=False,
        ),
        Field(
            "amount_refunded", Type.INTEGER, "What was given back and did not come home.",
            derive=lambda order: order.refunded, nullable=False,
        ),
        Field(
            "currency", Type.CODE, "Three-letter ISO code, lower case.",
            derive=lambda order: order.value("currency"),
        ),
        Field(
            "customer", Type.ID, "The customer, or the account that is one.",
            derive=lambda order: order.value("customer"),
        ),
        Field(
            "description", Type.TEXT, "What the merchant wrote on it.",
            derive=lambda order: order.value("description"),
        ),
        Field(
            "charge", Type.ID, "The PaymentIntent's latest charge, else the newest known.",
            derive=lambda order: order.charge_id,
        ),
        Field(
            "checkout_session", Type.ID, "The Checkout Session it came through.",
            derive=lambda order: order.session_id,
        ),
        Field(
            "client_reference_id", Type.CODE, "The merchant's own reference on the session.",
            derive=lambda order: order.session and order.session.values.get("client_reference_id"),
        ),
        Field(
            "invoice", Type.ID, "The invoice it pays.",
            derive=lambda order: order.invoice,
        ),
        Field(
            "payment_method_type", Type.CODE, "What it was paid with: card, sepa_debit, …",
            derive=lambda order: order.charge and order.charge.values.get("payment_method_type"),
        ),
        Field(
            "failure_code", Type.CODE, "Why the last attempt failed, as a code.",
            derive=lambda order: order.failure("failure_code"),
        ),
        Field(
            "failure_message", Type.TEXT, "Why the last attempt failed, in words.",
            derive=lambda order: order.failure("failure_message"),
        ),
        Field(
            "paid_at", Type.TIME, "When an event first showed it paid.",
            derive=lambda order: order.paid_at,
        ),
        Field(
            "canceled_at", Type.TIME, "When its PaymentIntent was canceled.",
            derive=lambda order: order.root and order.root.values.get("canceled_at")
            if order.intent
            else None,
        ),
        Field(
            "refunds", Type.LIST, "Ids of its refunds, oldest first.",
            derive=lambda order: [refund.id for refund in order.refunds], nullable=False,
        ),
        Field(
            "disputes", Type.LIST, "Ids of its disputes, oldest first.",
            derive=lambda order: [dispute.id for dispute in order.disputes], nullable=False,
        ),
        Field(
            "dispute_status", Type.CODE, "The status of its newest dispute.",
            derive=lambda order: (
                order.disputes[-1].values.get("status") if order.disputes else None
            ),
        ),
        Field(
            "amount_disputed", Type.INTEGER, "What disputes hold, or took for good.",
            derive=lambda order: order.disputed, nullable=False,
        ),
    ),
)  # fmt: skip
