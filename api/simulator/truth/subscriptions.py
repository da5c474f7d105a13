"""The true rows of subscriptions and invoices, with the fields referenced across them."""

from __future__ import annotations

from typing import Any

from api.simulator.truth.records import Record, Records, common_fields, first_not_none

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
    """Return the row of every subscription, by id."""
    rows = {}
    for record in records.by_id("subscription").values():
        invoice = records.by_id("invoice").get(record["latest_invoice"])
        rows[record.id] = {
            **common_fields("subscription", record.id, record["created"], record.events()),
            **{name: record[name] for name in _SUBSCRIPTION},
            "latest_invoice_status": invoice_status(invoice) if invoice else None,
        }
    return rows


def invoices(records: Records) -> dict[str, dict[str, Any]]:
    """Return the row of every invoice, by id."""
    rows = {}
    for record in records.by_id("invoice").values():
        referenced = (
            payment["payment_intent"]
            for payment in records.by_id("invoice_payment").values()
            if payment["invoice"] == record.id
        )
        rows[record.id] = {
            **common_fields("invoice", record.id, record["created"], record.events()),
            **{name: record[name] for name in _INVOICE},
            "status": invoice_status(record),
            "order": first_not_none([record["payment_intent"], *referenced]),
        }
    return rows


def invoice_status(invoice: Record) -> Any:
    """Return an invoice's status, or `deleted`, which only an event's type shows."""
    return "deleted" if "invoice.deleted" in invoice.event_types() else invoice["status"]
