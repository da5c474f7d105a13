"""The true rows of subscriptions, with the fields that invoices and sessions lend them."""

from __future__ import annotations

from typing import Any

from api.simulator.truth.invoices import invoice_status
from api.simulator.truth.records import Record, Records, common_fields

_SUBSCRIPTION = (
    "status",
    "customer",
    "customer_account",
    "currency",
    "items",
    "items_has_more",
    "current_period_start",
    "current_period_end",
    "cancel_at_period_end",
    "cancel_at",
    "canceled_at",
    "cancellation_reason",
    "cancellation_feedback",
    "ended_at",
    "trial_start",
    "trial_end",
    "start_date",
    "collection_method",
    "latest_invoice",
    "pause_collection",
    "resumes_at",
    "paused_reason",
    "default_payment_method",
    "schedule",
    "discounts",
    "pending_update",
    "billing_mode",
    "application_fee_percent",
    "on_behalf_of",
    "metadata",
)


def subscriptions(records: Records) -> dict[str, dict[str, Any]]:
    """Return the row of every subscription, by id."""
    return {record.id: _row(records, record) for record in records.by_id("subscription").values()}


def _row(records: Records, subscription: Record) -> dict[str, Any]:
    invoice = records.by_id("invoice").get(subscription["latest_invoice"])
    session = next(
        (
            session
            for session in records.by_id("checkout.session").values()
            if session["subscription"] == subscription.id
        ),
        Record(""),
    )
    return {
        **common_fields(
            "subscription", subscription.id, subscription["created"], subscription.events()
        ),
        **{name: subscription[name] for name in _SUBSCRIPTION},
        "ends_at": _ends_at(subscription),
        "latest_invoice_status": invoice_status(invoice) if invoice else None,
        "checkout_session": session.id or None,
        "client_reference_id": session["client_reference_id"],
    }


def _ends_at(subscription: Record) -> Any:
    planned = subscription["ended_at"] or subscription["cancel_at"]
    if planned is None and subscription["cancel_at_period_end"]:
        return subscription["current_period_end"]
    return planned
