"""The true rows of orders: their objects, status and money."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.simulator.truth.order_objects import OrderObjects, group_by_order
from api.simulator.truth.paying import payers
from api.simulator.truth.records import Record, Records, common_fields, first_not_none

_WITHOUT_LOSS = ("won", "prevented")
_PAID = frozenset({("complete", "paid"), ("complete", "no_payment_required")})
"""A session's status and payment status where nothing is left to pay."""


_PREFERRED = (
    "amount",
    "currency",
    "customer",
    "customer_account",
    "description",
    "shipping",
    "statement_descriptor",
    "application_fee_amount",
    "on_behalf_of",
    "destination",
    "presentment_amount",
    "presentment_currency",
    "payment_record",
)
"""Fields of the PaymentIntent, else of the charge, else of the session."""
_OF_CHARGE = (
    "payment_method_type",
    "card_brand",
    "card_last4",
    "receipt_url",
    "balance_transaction",
    "risk_level",
)
_OF_FAILURE = ("failure_code", "failure_message", "decline_code")
_OF_SESSION = (
    "client_reference_id",
    "payment_link",
    "amount_subtotal",
    "amount_tax",
    "amount_discount",
    "amount_shipping",
)
_OF_INTENT = ("canceled_at", "cancellation_reason", "amount_capturable")


class Orders:
    """The orders that some events make, and the order of each refund and dispute."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._orders, self._order_ids = group_by_order(records)

    def order_of(self, record: Record) -> str | None:
        """Return a refund's or dispute's order: its PaymentIntent's id, else its charge's order."""
        intent_id: str | None = record["payment_intent"]
        return intent_id or self._order_ids.get(record["charge"])

    def containing(self, object_id: str) -> str | None:
        """Return the id of the order that a PaymentIntent, charge or session belongs to."""
        is_order = any(order.id == object_id for order in self._orders)
        return object_id if is_order else self._order_ids.get(object_id)

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

        def preferred(name: str) -> Any:
            return first_not_none(record[name] for record in (intent, charge, session) if record)

        return {
            **common_fields("order", order.id, root["created"] if root else None, order.events()),
            **{name: preferred(name) for name in _PREFERRED},
            **{name: charge[name] if charge else None for name in _OF_CHARGE},
            **{name: failed[name] if failed else None for name in _OF_FAILURE},
            **{name: session[name] if session else None for name in _OF_SESSION},
            **{name: intent[name] if intent else None for name in _OF_INTENT},
            "status": _status(order, received, refunded),
            "amount_received": received,
            "amount_refunded": refunded,
            "charge": order.charge_id(),
            "checkout_session": order.session_id(),
            **self._invoices(order.id),
            "paid_at": min(_paid_seconds(order), default=None),
            **_buyer(intent, charge, session),
            "early_fraud_warning": _newest(order.warnings, "fraud_type"),
            "refunds": _ids(order.refunds),
            "disputes": _ids(order.disputes),
            "dispute_status": _newest(order.disputes, "status"),
            "amount_disputed": sum(d["amount"] for d in order.disputes if _is_money_disputed(d)),
            "metadata": {
                **((session["metadata"] or {}) if session else {}),
                **(charge["metadata"] if charge else {}),
                **(intent["metadata"] if intent else {}),
            },
        }

    def payers(self, invoice_id: str) -> list[str]:
        """Return the ids of the orders that pay an invoice, the default payment's first."""
        return payers(self._records, invoice_id, self.order_of)

    def _invoices(self, order_id: str) -> dict[str, Any]:
        """Return the ids of the invoices that an order pays, oldest first."""
        known = self._records.by_id("invoice")
        named = {
            invoice_id: None
            for kind in ("invoice_payment", "payment_intent", "charge")
            for record in self._records.by_id(kind).values()
            for invoice_id in record.values_of("invoice")
        }

        def age(invoice_id: str) -> tuple[bool, int, str]:
            created = known[invoice_id]["created"] if invoice_id in known else None
            return (created is None, created or 0, invoice_id)

        ids = sorted((i for i in {**named, **known} if order_id in self.payers(i)), key=age)
        return {"invoices": ids, "invoice": ids[0] if ids else None}


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
    has_lapsed = any("charge.expired" in charge.event_types() for charge in charges)
    if intent_status == "canceled" or has_lapsed or any(c["refunded"] for c in uncaptured):
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
            or (facts.get("status"), facts.get("payment_status")) == ("complete", "paid")
        )
        if is_paid:
            yield event.created


def _is_money_disputed(dispute: Record) -> bool:
    status = str(dispute["status"])
    return status not in _WITHOUT_LOSS and not status.startswith("warning_")


def _newest(records: list[Record], name: str) -> Any:
    newest = max(records, key=lambda record: (record["created"], record.id), default=None)
    return newest[name] if newest else None


def _buyer(
    intent: Record | None, charge: Record | None, session: Record | None
) -> dict[str, str | None]:
    """Return the buyer's name and e-mail address: from the bill, the checkout, the receipt."""
    from_bill = [record for record in (charge, session) if record]
    receipt = intent["receipt_email"] if intent else None
    return {
        "email": first_not_none([*(record["email"] for record in from_bill), receipt]),
        "name": first_not_none(record["name"] for record in from_bill),
    }


def _ids(records: list[Record]) -> list[str]:
    return [record.id for record in sorted(records, key=lambda r: (r["created"], r.id))]
