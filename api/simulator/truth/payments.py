"""The true rows of refunds and disputes, each with the order it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api.simulator.facts import Facts
from api.simulator.truth.orders import Orders
from api.simulator.truth.records import Record, Records, common_fields, first_not_none, first_seen

_REFUND = (
    "status",
    "amount",
    "currency",
    "charge",
    "reason",
    "failure_reason",
    "pending_reason",
    "balance_transaction",
    "customer",
    "customer_account",
    "payment_method",
    "reference",
    "metadata",
)
_DISPUTE = (
    "status",
    "amount",
    "currency",
    "charge",
    "reason",
    "evidence_due_by",
    "past_due",
    "has_evidence",
    "submission_count",
    "network",
    "network_reason_code",
    "case_type",
    "is_charge_refundable",
    "metadata",
)


def refunds(records: Records, orders: Orders) -> dict[str, dict[str, Any]]:
    """Return the row of every refund, by id; some were only embedded in their charge."""
    return {
        record.id: {
            **common_fields("refund", record.id, record["created"], record.events()),
            **{name: record[name] for name in _REFUND},
            "order": orders.order_of(record),
        }
        for record in records.by_id("refund").values()
    }


def disputes(records: Records, orders: Orders) -> dict[str, dict[str, Any]]:
    """Return the row of every dispute, by id."""
    return {
        record.id: {
            **common_fields("dispute", record.id, record["created"], record.events()),
            **{name: record[name] for name in _DISPUTE},
            "order": orders.order_of(record),
            **_money(record),
        }
        for record in records.by_id("dispute").values()
    }


def early_fraud_warnings(records: Records, orders: Orders) -> dict[str, dict[str, Any]]:
    """Return the row of every early fraud warning, by id."""
    names = ("charge", "fraud_type", "actionable")
    return {
        record.id: {
            **common_fields("early_fraud_warning", record.id, record["created"], record.events()),
            **{name: record[name] for name in names},
            "order": orders.order_of(record),
            "metadata": None,
        }
        for record in records.by_id("radar.early_fraud_warning").values()
    }


def _money(dispute: Record) -> dict[str, Any]:
    transactions = list((dispute["transactions"] or {}).values())

    def has_net(sign: int) -> Callable[[Facts], bool]:
        return lambda facts: any(net * sign > 0 for net, _, _ in facts["transactions"].values())

    return {
        "funds_withdrawn_at": first_seen(dispute, has_net(-1)),
        "funds_reinstated_at": first_seen(dispute, has_net(+1)),
        "net": sum(net for net, _, _ in transactions),
        "fees": sum(fee for _, fee, _ in transactions),
        "net_currency": first_not_none(currency for _, _, currency in transactions),
    }
