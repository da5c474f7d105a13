"""What an event says: the facts that its API version can show, under the names that rows use.

They are read from the world, never from the rendered body, so that a mistake in either shows.
An absent key means that the event does not have the fact; None means that it is null.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from api.simulator.facts import billing, catalog, merchants, money, payments
from api.simulator.facts.parts import Facts
from api.simulator.versions import ApiVersion
from api.simulator.world import (
    Account,
    Application,
    ApplicationFee,
    Capability,
    Charge,
    Coupon,
    CreditNote,
    Customer,
    Discount,
    Dispute,
    EarlyFraudWarning,
    FeeRefund,
    Invoice,
    InvoicePayment,
    PaymentIntent,
    Payout,
    Plan,
    Price,
    Product,
    Refund,
    Schedule,
    Session,
    Subscription,
    Topup,
    Transfer,
    WorldObject,
)

__all__ = ["EventFacts", "Facts", "ObjectFacts", "facts_of"]


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
    name, fields = _fields(world_object, api, event_type)
    yield ObjectFacts(name, world_object.id, fields)
    embedded: tuple[Charge, ...] | tuple[Refund, ...] | tuple[FeeRefund, ...] = ()
    if isinstance(world_object, PaymentIntent) and api.lists_charges:
        embedded = world_object.charges
    if isinstance(world_object, Charge) and api.lists_refunds:
        embedded = world_object.refunds
    if isinstance(world_object, ApplicationFee):
        embedded = world_object.refunds
    for each in embedded:
        yield from _facts(each, api, event_type)
    if isinstance(world_object, Dispute):
        for line in world_object.transactions:
            shown = money.balance_transaction(line, api, line.created)
            yield ObjectFacts("balance_transaction", line.id, shown)


def _fields(world_object: WorldObject, api: ApiVersion, event_type: str) -> tuple[str, Facts]:
    match world_object:
        case PaymentIntent():
            return "payment_intent", payments.payment_intent(world_object, api)
        case Charge():
            return "charge", payments.charge(world_object, api)
        case Refund():
            return "refund", payments.refund(world_object, api)
        case Dispute():
            return "dispute", payments.dispute(world_object, api)
        case EarlyFraudWarning():
            return "radar.early_fraud_warning", payments.early_fraud_warning(world_object)
        case Session():
            return "checkout.session", payments.session(world_object, api, event_type)
        case Payout():
            return "payout", merchants.payout(world_object, api)
        case Transfer():
            return "transfer", money.transfer(world_object)
        case Topup():
            return "topup", money.topup(world_object)
        case ApplicationFee():
            return "application_fee", money.application_fee(world_object, api)
        case FeeRefund():
            return "fee_refund", money.fee_refund(world_object)
        case Account():
            return "account", merchants.account(world_object)
        case Capability():
            status = {"account": world_object.account.id, "status": world_object.status}
            return "capability", status
        case Application():
            return "application", {}
        case _:
            return _billing_fields(world_object, api, event_type)


_Billing = (
    Invoice
    | InvoicePayment
    | CreditNote
    | Subscription
    | Schedule
    | Coupon
    | Discount
    | Customer
    | Product
    | Price
    | Plan
)


def _billing_fields(world_object: _Billing, api: ApiVersion, event_type: str) -> tuple[str, Facts]:
    match world_object:
        case Invoice():
            return "invoice", billing.invoice(world_object, api)
        case InvoicePayment():
            return "invoice_payment", billing.invoice_payment(world_object, api, event_type)
        case CreditNote():
            return "credit_note", billing.credit_note(world_object, api)
        case Subscription():
            return "subscription", billing.subscription(world_object, api)
        case Schedule():
            return "subscription_schedule", billing.schedule(world_object, api)
        case Coupon():
            return "coupon", catalog.coupon(world_object, event_type)
        case Discount():
            return "discount", catalog.discount(world_object, api, event_type)
        case Customer():
            return "customer", catalog.customer(world_object, api, event_type)
        case Product():
            return "product", catalog.product(world_object, event_type)
        case Price():
            return "price", catalog.price(world_object, event_type)
        case Plan():
            return "plan", catalog.plan(world_object, event_type)
