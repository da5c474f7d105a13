"""What may become true of a row, and what may happen to it: the conditions of each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from api.simulator.facts import EventFacts

Row = Mapping[str, Any]
Rows = Mapping[str, Mapping[str, Row]]

__all__ = ["conditions", "happenings"]

_PAID = ("paid", "partially_refunded", "refunded")
_ORDER = (
    "authorized",
    "processing",
    "requires_action",
    "partially_refunded",
    "refunded",
    "failed",
    "canceled",
    "expired",
)
_SUBSCRIPTION = (
    "incomplete",
    "incomplete_expired",
    "trialing",
    "active",
    "past_due",
    "unpaid",
    "paused",
    "canceled",
)
_INVOICE = ("open", "paid", "uncollectible", "void")


def conditions(kind: str, rows: Rows, row_id: str, earlier: Sequence[Row]) -> dict[str, bool]:
    """Return whether each condition of a row holds.

    `rows` has all rows of that time, `earlier` the row as it was after each event before.
    """
    return _OF_KIND[kind](rows, rows[kind][row_id], earlier) if kind in _OF_KIND else {}


def happenings(kind: str, row: Row, event: EventFacts) -> list[str]:
    """Return what happened to a row with an event, whatever was before: it may happen again."""
    if kind == "invoices" and event.type == "invoice.payment_failed":
        return [] if row["status"] in ("paid", "void", "deleted") else ["payment_failed"]
    if kind == "subscriptions" and event.type == "customer.subscription.trial_will_end":
        return ["trial_ending"] if row["status"] == "trialing" else []
    return []


def _order(rows: Rows, order: Row, earlier: Sequence[Row]) -> dict[str, bool]:
    outcomes = {rows["disputes"][dispute_id]["status"] for dispute_id in order["disputes"]}
    return {
        **_statuses(order, _ORDER),
        "paid": order["status"] in _PAID,
        "disputed": order["amount_disputed"] > 0,
        "dispute_won": "won" in outcomes,
        "dispute_lost": "lost" in outcomes,
    }


def _subscription(rows: Rows, row: Row, earlier: Sequence[Row]) -> dict[str, bool]:
    is_over = row["status"] in ("canceled", "incomplete_expired")
    ends = bool(row["cancel_at_period_end"]) or row["cancel_at"] is not None
    return {**_statuses(row, _SUBSCRIPTION), "cancel_scheduled": ends and not is_over}


def _invoice(rows: Rows, row: Row, earlier: Sequence[Row]) -> dict[str, bool]:
    return _statuses(row, _INVOICE)


def _refund(rows: Rows, row: Row, earlier: Sequence[Row]) -> dict[str, bool]:
    return _statuses(row, ("succeeded", "failed", "canceled"))


def _dispute(rows: Rows, row: Row, earlier: Sequence[Row]) -> dict[str, bool]:
    status = row["status"]
    return {
        **_statuses(row, ("won", "lost")),
        "warning": status in ("warning_needs_response", "warning_under_review"),
        "needs_response": status in ("needs_response", "appeal_needs_response"),
        "funds_withdrawn": row["funds_withdrawn_at"] is not None,
        "funds_reinstated": row["funds_reinstated_at"] is not None,
    }


def _payout(rows: Rows, row: Row, earlier: Sequence[Row]) -> dict[str, bool]:
    return _statuses(row, ("paid", "failed", "canceled"))


def _transfer(rows: Rows, row: Row, earlier: Sequence[Row]) -> dict[str, bool]:
    return {
        "partially_reversed": 0 < row["amount_reversed"] < row["amount"],
        "reversed": row["amount_reversed"] == row["amount"],
    }


def _topup(rows: Rows, row: Row, earlier: Sequence[Row]) -> dict[str, bool]:
    return _statuses(row, ("succeeded", "failed", "canceled", "reversed"))


def _application_fee(rows: Rows, row: Row, earlier: Sequence[Row]) -> dict[str, bool]:
    return {
        "partially_refunded": 0 < row["amount_refunded"] < row["amount"],
        "refunded": row["amount_refunded"] == row["amount"],
    }


def _account(rows: Rows, row: Row, earlier: Sequence[Row]) -> dict[str, bool]:
    def is_no_longer(name: str) -> bool:
        return row[name] is False and any(each[name] for each in earlier)

    return {
        "charges_enabled": row["charges_enabled"] is True,
        "charges_disabled": is_no_longer("charges_enabled"),
        "payouts_disabled": is_no_longer("payouts_enabled"),
        "requirements_due": bool(row["currently_due"]),
        "deauthorized": row["deauthorized_at"] is not None,
    }


def _statuses(row: Row, names: Sequence[str]) -> dict[str, bool]:
    return {name: row["status"] == name for name in names}


_OF_KIND: dict[str, Callable[[Rows, Row, Sequence[Row]], dict[str, bool]]] = {
    "orders": _order,
    "subscriptions": _subscription,
    "invoices": _invoice,
    "refunds": _refund,
    "disputes": _dispute,
    "payouts": _payout,
    "transfers": _transfer,
    "topups": _topup,
    "application_fees": _application_fee,
    "accounts": _account,
}
