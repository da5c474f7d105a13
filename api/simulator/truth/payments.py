"""The rows of refunds and disputes, each with the order it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api.simulator.facts import Facts
from api.simulator.truth.orders import Orders
from api.simulator.truth.records import Record, Records, common, first, first_second

_REFUND = (
    "status",
    "amount",
    "currency",
    "charge",
    "reason",
    "failure_reason",
    "balance_transaction",
    "metadata",
)
_DISPUTE = (
    "status",
    "amount",
    "currency",
    "charge",
    "reason",
    "evidence_due_by",
    "is_charge_refundable",
    "metadata",
)


def refunds(records: Records, orders: Orders) -> dict[str, dict[str, Any]]:
    """Every refund that was told of, by itself or inside its charge."""
    return {
        record.id: {
            **common("refund", record.id, record["created"], record.events()),
            **{name: record[name] for name in _REFUND},
            "order": orders.order_of(record),
        }
        for record in records.of("refund").values()
    }


def disputes(records: Records, orders: Orders) -> dict[str, dict[str, Any]]:
    """Every dispute that was told of."""
    return {
        record.id: {
            **common("dispute", record.id, record["created"], record.events()),
            **{name: record[name] for name in _DISPUTE},
            "order": orders.order_of(record),
            **_money(record),
        }
        for record in records.of("dispute").values()
    }


def _money(dispute: Record) -> dict[str, Any]:
    lines = list((dispute["transactions"] or {}).values())

    def shows(sign: int) -> Callable[[Facts], bool]:
        return lambda facts: any(net * sign > 0 for net, _, _ in facts["transactions"].values())

    return {
        "funds_withdrawn_at": first_second(dispute, shows(-1)),
        "funds_reinstated_at": first_second(dispute, shows(+1)),
        "net": sum(net for net, _, _ in lines),
        "fees": sum(fee for _, fee, _ in lines),
        "net_currency": first(currency for _, _, currency in lines),
    }
