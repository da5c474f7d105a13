"""What an event tells: the facts of the world that its version can say, under the rows' names.

Read from the world, never from the rendered body, so that a mistake in either shows.
An absent key means that the event is silent about it; None means that it says there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from api.simulator.shapes import shows_session_status
from api.simulator.versions import ApiVersion
from api.simulator.world import (
    Account,
    Application,
    Charge,
    Dispute,
    Invoice,
    InvoicePayment,
    PaymentIntent,
    Payout,
    Refund,
    Session,
    Subscription,
    WorldObject,
)

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fact:
    """What is told of one object."""

    object: str
    id: str
    fields: Facts


@dataclass(frozen=True, slots=True)
class Telling:
    """One event, with what it tells: first of its own object, then of those it carries."""

    event: str
    type: str
    created: int
    account: str | None
    livemode: bool
    facts: tuple[Fact, ...]


def facts(thing: WorldObject, api: ApiVersion, event_type: str) -> tuple[Fact, ...]:
    """The facts of the object and of those that the version carries inside it."""
    return tuple(_facts(thing, api, event_type))


def _facts(thing: WorldObject, api: ApiVersion, event_type: str) -> Iterator[Fact]:
    match thing:
        case PaymentIntent():
            yield Fact("payment_intent", thing.id, _payment_intent(thing, api))
            if api.lists_charges:
                for charge in thing.charges:
                    yield from _facts(charge, api, event_type)
        case Charge():
            yield Fact("charge", thing.id, _charge(thing, api))
            if api.lists_refunds:
                for refund in thing.refunds:
                    yield from _facts(refund, api, event_type)
        case Refund():
            yield Fact("refund", thing.id, _refund(thing, api))
        case Dispute():
            yield Fact("dispute", thing.id, _dispute(thing, api))
        case Session():
            yield Fact("checkout.session", thing.id, _session(thing, api, event_type))
        case Invoice():
            yield Fact("invoice", thing.id, _invoice(thing, api))
        case InvoicePayment():
            named = {"invoice": thing.invoice.id, "payment_intent": thing.intent.id}
            yield Fact("invoice_payment", thing.id, named)
        case Subscription():
            yield Fact("subscription", thing.id, _subscription(thing))
        case Payout():
            yield Fact("payout", thing.id, _payout(thing, api))
        case Account():
            yield Fact("account", thing.id, _account(thing))
        case Application():
            yield Fact("application", thing.id, {})


def _same(thing: WorldObject, names: str) -> Facts:
    """The facts that the world and the rows call alike."""
    return {name: getattr(thing, name) for name in names.split()}


def _payment_intent(intent: PaymentIntent, api: ApiVersion) -> Facts:
    told: Facts = {
        **_same(intent, "created status amount amount_received currency description canceled_at"),
        "customer": intent.customer.id if intent.customer else None,
        "metadata": dict(intent.metadata),
        "failure_code": intent.error.code if intent.error else None,
        "failure_message": intent.error.message if intent.error else None,
    }
    if api.latest_charge or api.lists_charges:
        told["latest_charge"] = intent.charges[-1].id if intent.charges else None
    if api.names_invoice or (api.order_reference and not intent.session):
        told["invoice"] = intent.invoice
    if api.order_reference:
        told["session"] = intent.session
    return told


def _charge(charge: Charge, api: ApiVersion) -> Facts:
    intent = charge.intent if charge.names_intent else None
    told: Facts = {
        **_same(charge, "created status amount captured received currency description"),
        "refunded": charge.amount_refunded >= charge.amount,
        "given_back": charge.given_back if charge.captured else 0,
        "customer": charge.customer.id if charge.customer else None,
        "metadata": dict(charge.metadata),
        "payment_intent": intent.id if intent else None,
        "payment_method_type": charge.method.type,
        "failure_code": charge.failure.code if charge.failure else None,
        "failure_message": charge.failure.message if charge.failure else None,
    }
    if api.names_invoice:
        told["invoice"] = charge.intent.invoice if charge.intent else None
    return told


def _refund(refund: Refund, api: ApiVersion) -> Facts:
    charge = refund.charge
    told: Facts = {
        **_same(refund, "created status amount currency reason balance_transaction"),
        "charge": charge.id,
        "given_back": charge.given_back if charge.captured else 0,
        "metadata": dict(refund.metadata),
    }
    if refund.failure_reason:
        told["failure_reason"] = refund.failure_reason
    if api.refund_names_intent:
        named = charge.intent if charge.names_intent else None
        told["payment_intent"] = named.id if named else None
    return told


def _dispute(dispute: Dispute, api: ApiVersion) -> Facts:
    charge = dispute.charge
    told: Facts = {
        **_same(dispute, "created status amount currency reason is_charge_refundable"),
        "charge": charge.id,
        "evidence_due_by": dispute.due_by,
        "transactions": {t.id: (t.net, t.fee, t.currency) for t in dispute.transactions},
        "metadata": dict(dispute.metadata),
    }
    if api.dispute_names_intent:
        named = charge.intent if charge.names_intent else None
        told["payment_intent"] = named.id if named else None
    return told


def _session(session: Session, api: ApiVersion, event_type: str) -> Facts:
    intent = session.intent if session.names_intent else None
    told: Facts = {
        "mode": session.mode,
        "customer": session.customer.id if session.customer else None,
        "client_reference_id": session.client_reference_id,
        "payment_intent": intent.id if intent else None,
        "metadata": dict(session.metadata),
        "status": "complete" if event_type == "checkout.session.completed" else session.status,
    }
    shown = shows_session_status(event_type)
    if api.session_total or shown:
        told.update(amount=session.amount, currency=session.currency)
    if api.session_status or shown:
        told.update(created=session.created, payment_status=session.payment_status)
    return told


def _invoice(invoice: Invoice, api: ApiVersion) -> Facts:
    told: Facts = {
        **_same(
            invoice,
            "created status number subscription amount_paid amount_remaining currency "
            "attempt_count next_payment_attempt period_start period_end billing_reason "
            "collection_method",
        ),
        "customer": invoice.customer.id,
        "amount_due": invoice.amount,
        "total": invoice.amount,
        "metadata": dict(invoice.metadata),
    }
    if api.status_transitions:
        told["paid_at"] = invoice.paid_at
    if api.names_invoice:
        told["payment_intent"] = invoice.intent.id if invoice.intent else None
    return told


def _subscription(sub: Subscription) -> Facts:
    items = [
        {
            "id": item.id,
            "price": item.price,
            "product": item.product,
            "quantity": item.quantity,
            "unit_amount": item.unit_amount,
            "interval": item.interval,
            "interval_count": item.interval_count,
        }
        for item in sub.items
    ]
    return {
        **_same(
            sub,
            "created status currency current_period_start current_period_end "
            "cancel_at_period_end cancel_at canceled_at ended_at trial_start trial_end "
            "collection_method latest_invoice pause_collection default_payment_method",
        ),
        "customer": sub.customer.id,
        "items": items,
        "start_date": sub.created,
        "metadata": dict(sub.metadata),
    }


def _payout(payout: Payout, api: ApiVersion) -> Facts:
    told: Facts = {
        **_same(
            payout,
            "created status amount currency arrival_date method type automatic destination "
            "balance_transaction",
        ),
        "failure_code": payout.failure.code if payout.failure else None,
        "failure_message": payout.failure.message if payout.failure else None,
        "metadata": dict(payout.metadata),
    }
    if api.payout_reversal:
        told.update(original_payout=payout.original_payout, reversed_by=payout.reversed_by)
    if api.reconciliation_status:
        told["reconciliation_status"] = payout.reconciliation_status
    return told


def _account(account: Account) -> Facts:
    return {
        **_same(
            account,
            "created charges_enabled payouts_enabled details_submitted country "
            "default_currency email business_type disabled_reason",
        ),
        "currently_due": list(account.currently_due),
        "past_due": list(account.past_due),
        "metadata": dict(account.metadata),
    }
