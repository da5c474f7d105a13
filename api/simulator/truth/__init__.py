"""The truth: the rows that a ledger must show for a history, computed from the simulator's facts.

It does not fold events: they come in the order in which they happened, so that the newest value
of a field is the last one, and an order's money is what the world had when it was last shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.simulator.facts import EventFacts
from api.simulator.truth import (
    catalog,
    invoices,
    merchants,
    money,
    orders,
    payments,
    subscriptions,
)
from api.simulator.truth.records import Records

Row = dict[str, Any]
"""A row as the API has it, without the fields that the truth does not compute."""
Truth = dict[str, dict[str, Row]]
"""Rows by kind and by id."""

__all__ = ["Row", "Truth", "truth"]


def truth(events: Sequence[EventFacts]) -> Truth:
    """Return the rows of every kind after these events."""
    records = Records(events)
    all_orders = orders.Orders(records)
    return {
        "orders": all_orders.rows(),
        "subscriptions": subscriptions.subscriptions(records),
        "invoices": invoices.invoices(records, all_orders),
        "refunds": payments.refunds(records, all_orders),
        "disputes": payments.disputes(records, all_orders),
        "payouts": merchants.payouts(records),
        "transfers": money.transfers(records),
        "topups": money.topups(records),
        "application_fees": money.application_fees(records),
        "balance_transactions": money.balance_transactions(records),
        "accounts": merchants.accounts(records),
        "customers": catalog.customers(records),
        "products": catalog.products(records),
        "prices": catalog.prices(records),
        "credit_notes": catalog.credit_notes(records),
        "coupons": catalog.coupons(records),
        "discounts": catalog.discounts(records),
        "subscription_schedules": catalog.subscription_schedules(records),
        "early_fraud_warnings": payments.early_fraud_warnings(records, all_orders),
    }
