"""The rows of subscriptions and invoices, with what they lend each other."""

from __future__ import annotations

from typing import Any

from api.simulator.truth.records import Record, Records, common, first

_SUBSCRIPTION = (
    "status",
    "customer",
    "currency",
    "items",
    "current_period_start",
    "current_period_end",
    "cancel_at_period_end",
    "cancel_at",
    "canceled_at",
    "ended_at",
    "trial_start",
    "trial_end",
    "start_date",
    "collection_method",
    "latest_invoice",
    "pause_collection",
    "default_payment_method",
    "metadata",
)
_INVOICE = (
    "number",
    "customer",
    "subscription",
    "amount_due",
    "amount_paid",
    "amount_remaining",
    "total",
    "currency",
    "attempt_count",
    "next_payment_attempt",
    "period_start",
    "period_end",
    "paid_at",
    "billing_reason",
    "collection_method",
    "metadata",
)


def subscriptions(records: Records) -> dict[str, dict[str, Any]]:
    """Every subscription that was told of."""
    rows = {}
    for record in records.of("subscription").values():
        bill = records.of("invoice").get(record["latest_invoice"])
        rows[record.id] = {
            **common("subscription", record.id, record["created"], record.events()),
            **{name: record[name] for name in _SUBSCRIPTION},
            "latest_invoice_status": invoice_status(bill) if bill else None,
        }
    return rows


def invoices(records: Records) -> dict[str, dict[str, Any]]:
    """Every invoice that was told of."""
    rows = {}
    for record in records.of("invoice").values():
        lent = (
            payment["payment_intent"]
            for payment in records.of("invoice_payment").values()
            if payment["invoice"] == record.id
        )
        rows[record.id] = {
            **common("invoice", record.id, record["created"], record.events()),
            **{name: record[name] for name in _INVOICE},
            "status": invoice_status(record),
            "order": first([record["payment_intent"], *lent]),
        }
    return rows


def invoice_status(invoice: Record) -> Any:
    """What it says of itself, unless it was deleted: only the event's type tells that."""
    return "deleted" if "invoice.deleted" in invoice.types() else invoice["status"]
