"""What an event says: the facts that its API version can show, under the names that rows use.

They are read from the world, never from the rendered body, so that a mistake in either shows.
An absent key means that the event does not have the fact; None means that it is null.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from api.simulator.shapes import has_session_status
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
"""The facts of one object, by name."""


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """What an event says about one Stripe object."""

    object: str
    id: str
    fields: Facts


@dataclass(frozen=True, slots=True)
class EventFacts:
    """One event, with what it says: first about its object, then about those embedded in it."""

    event_id: str
    type: str
    created: int
    account: str | None
    livemode: bool
    objects: tuple[ObjectFacts, ...]


def facts_of(
    world_object: WorldObject, api: ApiVersion, event_type: str
) -> tuple[ObjectFacts, ...]:
    """Return the facts of an object, and of the objects that the API version embeds in it."""
    return tuple(_facts(world_object, api, event_type))


def _facts(world_object: WorldObject, api: ApiVersion, event_type: str) -> Iterator[ObjectFacts]:
    match world_object:
        case PaymentIntent():
            yield ObjectFacts("payment_intent", world_object.id, _payment_intent(world_object, api))
            if api.lists_charges:
                for charge in world_object.charges:
                    yield from _facts(charge, api, event_type)
        case Charge():
            yield ObjectFacts("charge", world_object.id, _charge(world_object, api))
            if api.lists_refunds:
                for refund in world_object.refunds:
                    yield from _facts(refund, api, event_type)
        case Refund():
            yield ObjectFacts("refund", world_object.id, _refund(world_object, api))
        case Dispute():
            yield ObjectFacts("dispute", world_object.id, _dispute(world_object, api))
        case Session():
            yield ObjectFacts(
                "checkout.session", world_object.id, _session(world_object, api, event_type)
            )
        case Invoice():
            yield ObjectFacts("invoice", world_object.id, _invoice(world_object, api))
        case InvoicePayment():
            links = {"invoice": world_object.invoice.id, "payment_intent": world_object.intent.id}
            yield ObjectFacts("invoice_payment", world_object.id, links)
        case Subscription():
            yield ObjectFacts("subscription", world_object.id, _subscription(world_object))
        case Payout():
            yield ObjectFacts("payout", world_object.id, _payout(world_object, api))
        case Account():
            yield ObjectFacts("account", world_object.id, _account(world_object))
        case Application():
            yield ObjectFacts("application", world_object.id, {})


def _same(world_object: WorldObject, names: str) -> Facts:
    """Return the facts that have the same name in the world and in rows."""
    return {name: getattr(world_object, name) for name in names.split()}


def _payment_intent(intent: PaymentIntent, api: ApiVersion) -> Facts:
    fields: Facts = {
        **_same(intent, "created status amount amount_received currency description canceled_at"),
        "customer": intent.customer.id if intent.customer else None,
        "metadata": dict(intent.metadata),
        "failure_code": intent.error.code if intent.error else None,
        "failure_message": intent.error.message if intent.error else None,
    }
    if api.latest_charge or api.lists_charges:
        fields["latest_charge"] = intent.charges[-1].id if intent.charges else None
    if api.names_invoice or (api.order_reference and not intent.session):
        fields["invoice"] = intent.invoice
    if api.order_reference:
        fields["session"] = intent.session
    return fields


def _charge(charge: Charge, api: ApiVersion) -> Facts:
    fields: Facts = {
        **_same(charge, "created status amount captured money_received currency description"),
        "refunded": charge.amount_refunded >= charge.amount,
        "money_refunded": charge.money_refunded if charge.captured else 0,
        "customer": charge.customer.id if charge.customer else None,
        "metadata": dict(charge.metadata),
        "payment_intent": charge.named_intent_id,
        "payment_method_type": charge.method.type,
        "failure_code": charge.failure.code if charge.failure else None,
        "failure_message": charge.failure.message if charge.failure else None,
    }
    if api.names_invoice:
        fields["invoice"] = charge.intent.invoice if charge.intent else None
    return fields


def _refund(refund: Refund, api: ApiVersion) -> Facts:
    charge = refund.charge
    fields: Facts = {
        **_same(refund, "created status amount currency reason balance_transaction"),
        "charge": charge.id,
        "money_refunded": charge.money_refunded if charge.captured else 0,
        "metadata": dict(refund.metadata),
    }
    if refund.failure_reason:
        fields["failure_reason"] = refund.failure_reason
    if api.refund_names_intent:
        fields["payment_intent"] = charge.named_intent_id
    return fields


def _dispute(dispute: Dispute, api: ApiVersion) -> Facts:
    charge = dispute.charge
    fields: Facts = {
        **_same(dispute, "created status amount currency reason is_charge_refundable"),
        "charge": charge.id,
        "evidence_due_by": dispute.due_by,
        "transactions": {t.id: (t.net, t.fee, t.currency) for t in dispute.transactions},
        "metadata": dict(dispute.metadata),
    }
    if api.dispute_names_intent:
        fields["payment_intent"] = charge.named_intent_id
    return fields


def _session(session: Session, api: ApiVersion, event_type: str) -> Facts:
    fields: Facts = {
        "mode": session.mode,
        "customer": session.customer.id if session.customer else None,
        "client_reference_id": session.client_reference_id,
        "payment_intent": session.intent.id if session.intent else None,
        "metadata": dict(session.metadata),
        "status": "complete" if event_type == "checkout.session.completed" else session.status,
    }
    has_status = has_session_status(event_type)
    if api.session_total or has_status:
        fields.update(amount=session.amount, currency=session.currency)
    if api.session_status or has_status:
        fields.update(created=session.created, payment_status=session.payment_status)
    return fields


def _invoice(invoice: Invoice, api: ApiVersion) -> Facts:
    fields: Facts = {
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
        fields["paid_at"] = invoice.paid_at
    if api.names_invoice:
        fields["payment_intent"] = invoice.intent.id if invoice.intent else None
    return fields


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
    fields: Facts = {
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
        fields.update(original_payout=payout.original_payout, reversed_by=payout.reversed_by)
    if api.reconciliation_status:
        fields["reconciliation_status"] = payout.reconciliation_status
    return fields


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
