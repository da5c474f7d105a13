"""The true rows of orders: their objects, status and money."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.simulator.truth.order_objects import OrderObjects, group_by_order
from api.simulator.truth.records import Record, Records, common_fields, first_not_none

_WITHOUT_LOSS = ("won", "prevented")
_PAID = frozenset({("complete", "paid"), ("complete", "no_payment_required")})
"""A session's status and payment status where nothing is left to pay."""


class Orders:
    """The orders that some events make, and the order of each refund and dispute."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._orders, self._order_ids = group_by_order(records)

    def order_of(self, record: Record) -> str | None:
        """Return a refund's or dispute's order: its PaymentIntent's id, else its charge's order."""
        intent_id: str | None = record["payment_intent"]
        return intent_id or self._order_ids.get(record["charge"])

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return the row of every order, by id."""
        return {order.id: self._row(order) for order in self._orders}

    def _row(self, order: OrderObjects) -> dict[str, Any]:
        intent, charge, session = order.intent, order.latest_charge(), order.session
        root = first_not_none([intent, *order.charges, session]) if order.is_root_known() else None
        failed = intent or charge
        received = sum(c["money_received"] for c in order.charges)
        if not order.charges and intent:
            received = intent["amount_received"]
        refunded = sum(_money_refunded(order, c) for c in order.charges)
        disputes = sorted(order.disputes, key=lambda d: (d["created"], d.id))

        def preferred(name: str) -> Any:
            return first_not_none(record[name] for record in (intent, charge, session) if record)

        return {
            **common_fields("order", order.id, root["created"] if root else None, order.events()),
            "status": _status(order, received, refunded),
            "amount": preferred("amount"),
            "amount_received": received,
            "amount_refunded": refunded,
            "currency": preferred("currency"),
            "customer": preferred("customer"),
            "description": preferred("description"),
            "charge": order.charge_id(),
            "checkout_session": order.session_id(),
            "client_reference_id": session["client_reference_id"] if session else None,
            "invoice": self._invoice(order),
            "payment_method_type": charge["payment_method_type"] if charge else None,
            "failure_code": failed["failure_code"] if failed else None,
            "failure_message": failed["failure_message"] if failed else None,
            "paid_at": min(_paid_seconds(order), default=None),
            "canceled_at": intent["canceled_at"] if intent else None,
            "refunds": _ids(order.refunds),
            "disputes": _ids(order.disputes),
            "dispute_status": disputes[-1]["status"] if disputes else None,
            "amount_disputed": sum(d["amount"] for d in disputes if _is_money_disputed(d)),
            "metadata": {
                **((session["metadata"] or {}) if session else {}),
                **(charge["metadata"] if charge else {}),
                **(intent["metadata"] if intent else {}),
            },
        }

    def _invoice(self, order: OrderObjects) -> str | None:
        own = [order.intent, *order.charges] if order.intent else order.charges
        referenced = (
            record.id if kind == "invoice" else record["invoice"]
            for kind in ("invoice", "invoice_payment")
            for record in self._records.by_id(kind).values()
            if order.id in record.values_of("payment_intent")
        )
        named: str | None = first_not_none(
            [*(value for r in own for value in r.values_of("invoice")), *referenced]
        )
        return named


def _money_refunded(order: OrderObjects, charge: Record) -> int:
    """Return the money refunded of a charge, as of the last event that showed its refunds."""
    records = [charge, *(r for r in order.refunds if r["charge"] == charge.id)]
    last = max(records, key=order.last_index)
    return int(last["money_refunded"])


def _status(order: OrderObjects, received: int, refunded: int) -> str:
    intent, session, charges = order.intent, order.session, order.charges
    intent_status = intent["status"] if intent else None
    session_status = (session["status"], session["payment_status"]) if session else (None, None)
    uncaptured = [c for c in charges if c["status"] == "succeeded" and not c["captured"]]
    has_failed_later = session is not None and (
        "checkout.session.async_payment_failed" in session.event_types()
    )
    if received:
        if refunded >= received:
            return "refunded"
        return "partially_refunded" if refunded else "paid"
    if intent_status == "canceled" or any(c["refunded"] for c in uncaptured):
        return "canceled"
    if intent_status == "requires_capture" or uncaptured:
        return "authorized"
    is_awaited = session_status == ("complete", "unpaid") and not has_failed_later
    is_pending = any(charge["status"] == "pending" for charge in charges)
    if intent_status == "processing" or is_pending or is_awaited:
        return "processing"
    if intent_status == "requires_action":
        return "requires_action"
    has_failed = any(c["status"] == "failed" for c in charges) or has_failed_later
    if has_failed or (intent and intent["failure_code"]):
        return "failed"
    if session_status[0] == "expired":
        return "expired"
    return "paid" if session_status in _PAID else "incomplete"


def _paid_seconds(order: OrderObjects) -> Iterator[int]:
    for event, facts in order.history():
        is_paid = (
            facts.get("money_received")
            or facts.get("amount_received")
            or (facts.get("status"), facts.get("payment_status")) in _PAID
        )
        if is_paid:
            yield event.created


def _is_money_disputed(dispute: Record) -> bool:
    status = str(dispute["status"])
    return status not in _WITHOUT_LOSS and not status.startswith("warning_")


def _ids(records: list[Record]) -> list[str]:
    return [record.id for record in sorted(records, key=lambda r: (r["created"], r.id))]
