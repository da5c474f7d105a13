"""Renders an object of the world as Stripe's JSON, in the shape of an API version."""

from __future__ import annotations

from api.simulator.shapes import (
    catalog,
    checkout,
    discounts,
    disputes,
    invoice_payments,
    invoices,
    merchants,
    money,
    payments,
    subscriptions,
)
from api.simulator.shapes.parts import Json
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

__all__ = ["Json", "render"]


def render(
    world_object: WorldObject, api: ApiVersion, livemode: bool, event_type: str = ""
) -> Json:
    """Return the object's JSON; the event's type matters only for a Checkout Session."""
    match world_object:
        case Session():
            has_status = has_session_status(event_type)
            return checkout.session(world_object, api, livemode, has_status=has_status)
        case PaymentIntent():
            return payments.payment_intent(world_object, api, livemode)
        case Charge():
            return payments.charge(world_object, api, livemode)
        case Refund():
            return payments.refund(world_object, api)
        case Dispute():
            return disputes.dispute(world_object, api, livemode)
        case EarlyFraudWarning():
            return disputes.early_fraud_warning(world_object, livemode)
        case Payout():
            return merchants.payout(world_object, api, livemode)
        case Transfer():
            return money.transfer(world_object, livemode)
        case Topup():
            return money.topup(world_object, livemode)
        case ApplicationFee():
            return money.application_fee(world_object, api, livemode)
        case FeeRefund():
            return money.fee_refund(world_object)
        case Account():
            return merchants.account(world_object)
        case Capability():
            return merchants.capability(world_object)
        case Application():
            return merchants.application(world_object)
        case _:
            return _billing(world_object, api, livemode)


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


def _billing(world_object: _Billing, api: ApiVersion, livemode: bool) -> Json:
    match world_object:
        case Invoice():
            return invoices.invoice(world_object, api, livemode)
        case InvoicePayment():
            return invoice_payments.invoice_payment(world_object, api, livemode)
        case CreditNote():
            return invoice_payments.credit_note(world_object, api, livemode)
        case Subscription():
            return subscriptions.subscription(world_object, api, livemode)
        case Schedule():
            return subscriptions.schedule(world_object, api, livemode)
        case Coupon():
            return discounts.coupon(world_object, livemode)
        case Discount():
            return discounts.discount(world_object, api, livemode)
        case Customer():
            return catalog.customer(world_object, api, livemode)
        case Product():
            return catalog.product(world_object, livemode)
        case Price():
            return catalog.price(world_object, livemode)
        case Plan():
            return catalog.plan(world_object, livemode)


def has_session_status(event_type: str) -> bool:
    """Whether events of this type have a Checkout Session's status in every API version.

    The types beside `completed` are younger than the field, so every body of theirs has it.
    """
    return event_type != "checkout.session.completed"
