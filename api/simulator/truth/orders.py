"""The rows of orders: what belongs together, what became of it, and the money."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.simulator.truth.gathering import Gathered, gather
from api.simulator.truth.records import Record, Records, common, first

_HARMLESS = ("won", "prevented")
_PAID = frozenset({("complete", "paid"), ("complete", "no_payment_required")})
"""A session's status and payment status, where nothing is left to pay."""


class Orders:
    """The orders that some events make, and which of them an object belongs to."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._orders, self._order_of = gather(records)

    def order_of(self, part: Record) -> str | None:
        """The order of a refund or dispute: the PaymentIntent it names, else its charge's."""
        named: str | None = part["payment_intent"]
        return named or self._order_of.get(part["charge"])

    def rows(self) -> dict[str, dict[str, Any]]:
        """Every order."""
        return {order.id: self._row(order) for order in self._orders}

    def _row(self, order: Gathered) -> dict[str, Any]:
        intent, charge, session = order.intent, order.latest_charge(), order.session
        owner = first([intent, *order.charges, session]) if order.owner_known() else None
        failing = intent or charge
        received = sum(c["received"] for c in order.charges)
        if not order.charges and intent:
            received = intent["amount_received"]
        given_back = sum(_given_back(order, c) for c in order.charges)
        disputes = sorted(order.disputes, key=lambda d: (d["created"], d.id))

        def told(name: str) -> Any:
            return first(record[name] for record in (intent, charge, session) if record)

        return {
            **common("order", order.id, owner["created"] if owner else None, order.events()),
            "status": _status(order, received, given_back),
            "amount": told("amount"),
            "amount_received": received,
            "amount_refunded": given_back,
            "currency": told("currency"),
            "customer": told("customer"),
            "description": told("description"),
            "charge": order.charge_id(),
            "checkout_session": order.session_id(),
            "client_reference_id": session["client_reference_id"] if session else None,
            "invoice": self._invoice(order),
            "payment_method_type": charge["payment_method_type"] if charge else None,
            "failure_code": failing["failure_code"] if failing else None,
            "failure_message": failing["failure_message"] if failing else None,
            "paid_at": min(_paid_seconds(order), default=None),
            "canceled_at": intent["canceled_at"] if intent else None,
            "refunds": _ids(order.refunds),
            "disputes": _ids(order.disputes),
            "dispute_status": disputes[-1]["status"] if disputes else None,
            "amount_disputed": sum(d["amount"] for d in disputes if _hurts(d)),
            "metadata": {
                **((session["metadata"] or {}) if session else {}),
                **(charge["metadata"] if charge else {}),
                **(intent["metadata"] if intent else {}),
            },
        }

    def _invoice(self, order: Gathered) -> str | None:
        own = [order.intent, *order.charges] if order.intent else order.charges
        lent = (
            record.id if kind == "invoice" else record["invoice"]
            for kind in ("invoice", "invoice_payment")
            for record in self._records.of(kind).values()
            if order.id in record.ever("payment_intent")
        )
        named: str | None = first([*(value for r in own for value in r.ever("invoice")), *lent])
        return named


def _given_back(order: Gathered, charge: Record) -> int:
    """What was with the customer when an event last spoke of the charge's refunds."""
    mine = [charge, *(r for r in order.refunds if r["charge"] == charge.id)]
    last = max(mine, key=lambda record: order.rank(record))
    return int(last["given_back"])


def _status(order: Gathered, received: int, given_back: int) -> str:
    intent, session, charges = order.intent, order.session, order.charges
    of_intent = intent["status"] if intent else None
    page = (session["status"], session["payment_status"]) if session else (None, None)
    uncaptured = [c for c in charges if c["status"] == "succeeded" and not c["captured"]]
    failed_later = session is not None and (
        "checkout.session.async_payment_failed" in session.types()
    )
    if received:
        if given_back >= received:
            return "refunded"
        return "partially_refunded" if given_back else "paid"
    if of_intent == "canceled" or any(c["refunded"] for c in uncaptured):
        return "canceled"
    if of_intent == "requires_capture" or uncaptured:
        return "authorized"
    waits = page == ("complete", "unpaid") and not failed_later
    if of_intent == "processing" or any(c["status"] == "pending" for c in charges) or waits:
        return "processing"
    if of_intent == "requires_action":
        return "requires_action"
    failed = any(c["status"] == "failed" for c in charges) or failed_later
    if failed or (intent and intent["failure_code"]):
        return "failed"
    if page[0] == "expired":
        return "expired"
    return "paid" if page in _PAID else "incomplete"


def _paid_seconds(order: Gathered) -> Iterator[int]:
    for telling, facts in order.history():
        shows = (
            facts.get("received")
            or facts.get("amount_received")
            or (facts.get("status"), facts.get("payment_status")) in _PAID
        )
        if shows:
            yield telling.created


def _hurts(dispute: Record) -> bool:
    status = str(dispute["status"])
    return status not in _HARMLESS and not status.startswith("warning_")


def _ids(records: list[Record]) -> list[str]:
    return [record.id for record in sorted(records, key=lambda r: (r["created"], r.id))]
