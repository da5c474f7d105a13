"""The rows that a history makes, worked out from what each event tells, in the order it happened.

Nothing here knows a fold: Stripe's own order is known, so the newest word on a field is the last
one, and the money is what the world says it was when it was last spoken of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.simulator.facts import Telling
from api.simulator.truth import merchants, orders, payments, subscriptions
from api.simulator.truth.records import Records

Row = dict[str, Any]
Truth = dict[str, dict[str, Row]]

__all__ = ["Row", "Truth", "truth"]


def truth(tellings: Sequence[Telling]) -> Truth:
    """Every row of every kind after these events."""
    records = Records(tellings)
    told_orders = orders.Orders(records)
    return {
        "orders": told_orders.rows(),
        "subscriptions": subscriptions.subscriptions(records),
        "invoices": subscriptions.invoices(records),
        "refunds": payments.refunds(records, told_orders),
        "disputes": payments.disputes(records, told_orders),
        "payouts": merchants.payouts(records),
        "accounts": merchants.accounts(records),
    }
