"""The payments of an invoice: what each of them paid of it, and with which order."""

from __future__ import annotations

from typing import Any

from projections.objects.declaration import Link, Read, StripeObject
from projections.objects.measures import integer, not_null_count
from projections.objects.paths import at
from projections.objects.state import State
from projections.objects.types import Type
from projections.payments.invoices import payments_of
from projections.payments.links import order_referenced
from projections.rows.aggregate import Aggregate, Component, first_link
from projections.rows.kind import Field

__all__ = ["INVOICE_PAYMENT", "PAYMENT", "invoice_payments"]


def _detached(values: dict[str, Any], type: str, created: int) -> None:
    # The snapshot may still name the invoice: only the type says that it was taken off.
    if type == "invoice_payment.detached":
        values["detached"] = True


INVOICE_PAYMENT = StripeObject(
    "invoice_payment",
    event_types=("invoice_payment.*",),
    reads=(
        Read("status", Type.CODE, at("status")),
        Read("is_default", Type.BOOLEAN, at("is_default")),
        Read("amount_paid", Type.INTEGER, at("amount_paid")),
        Read("amount_requested", Type.INTEGER, at("amount_requested")),
        Read("payment_record", Type.ID, at("payment.payment_record")),
    ),
    terminal=frozenset({"paid", "canceled"}),
    progress=(not_null_count("status_transitions"), integer("amount_paid")),
    status_order=("open", "paid", "canceled"),
    links=(
        Link("invoice", at("invoice")),
        Link("payment_intent", at("payment.payment_intent")),
        Link("charge", at("payment.charge")),
    ),
    from_event_type=_detached,
)

PAYMENT = (
    Field("id", Type.ID, "The invoice payment's id."),
    Field("order", Type.ID, "The order that pays."),
    Field("charge", Type.ID, "The charge, where it is no PaymentIntent that pays."),
    Field("payment_record", Type.ID, "The Payment Record, where neither of them pays."),
    Field("amount", Type.INTEGER, "What it paid of the invoice, or is to pay."),
    Field("status", Type.CODE, "`open`, `paid` or `canceled`."),
    Field("is_default", Type.BOOLEAN, "Whether Stripe made it when it finalized the invoice."),
)  # fmt: skip


def invoice_payments(invoice: Aggregate) -> list[dict[str, Any]]:
    """The payments attached to an invoice, oldest first."""
    return [
        _payment(invoice.component, payment)
        for payment in payments_of(invoice.component, invoice.id)
    ]


def _payment(component: Component, payment: State) -> dict[str, Any]:
    order, values = order_referenced(component, payment), payment.values
    paid = values.get("amount_paid")
    return {
        "id": payment.id,
        "order": order.id if order is not None else None,
        "charge": first_link(payment, "charge"),
        "payment_record": values.get("payment_record"),
        # One that is open has paid nothing yet.
        "amount": paid if paid else values.get("amount_requested"),
        "status": values.get("status"),
        "is_default": values.get("is_default"),
    }
