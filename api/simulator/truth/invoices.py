"""The true rows of invoices, and what pays them: it is told by either side."""

from __future__ import annotations

from typing import Any

from api.simulator.facts import Facts
from api.simulator.truth.orders import Orders
from api.simulator.truth.paying import attached
from api.simulator.truth.records import Record, Records, common_fields

_INVOICE = (
    "number",
    "customer",
    "customer_account",
    "customer_email",
    "customer_name",
    "subscription",
    "amount_due",
    "amount_paid",
    "amount_remaining",
    "amount_paid_off_stripe",
    "amount_overpaid",
    "paid_out_of_band",
    "total",
    "subtotal",
    "tax",
    "discount",
    "currency",
    "attempt_count",
    "next_payment_attempt",
    "period_start",
    "period_end",
    "due_date",
    "finalized_at",
    "paid_at",
    "billing_reason",
    "collection_method",
    "hosted_invoice_url",
    "invoice_pdf",
    "starting_balance",
    "ending_balance",
    "pre_payment_credit_notes_amount",
    "post_payment_credit_notes_amount",
    "finalization_error",
    "auto_advance",
    "lines",
    "lines_has_more",
    "metadata",
)


def invoices(records: Records, orders: Orders) -> dict[str, dict[str, Any]]:
    """Return the row of every invoice, by id."""
    rows = {}
    for record in records.by_id("invoice").values():
        payers = orders.payers(record.id)
        rows[record.id] = {
            **common_fields("invoice", record.id, record["created"], record.events()),
            **{name: record[name] for name in _INVOICE},
            "status": invoice_status(record),
            "order": payers[0] if payers else None,
            "orders": payers,
            "payments": [_payment(each, orders) for each in attached(records, record.id)],
        }
    return rows


def invoice_status(invoice: Record) -> Any:
    """Return an invoice's status, or `deleted`, which only an event's type shows."""
    return "deleted" if "invoice.deleted" in invoice.event_types() else invoice["status"]


def _payment(payment: Record, orders: Orders) -> Facts:
    return {
        "id": payment.id,
        "order": orders.order_of(payment),
        "charge": payment["charge"],
        "payment_record": payment["payment_record"],
        "amount": payment["amount"],
        "status": payment["status"],
        "is_default": payment["is_default"],
    }
