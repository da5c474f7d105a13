"""Renders an object of the world as Stripe's JSON, in the shape of an API version."""

from __future__ import annotations

from api.simulator.shapes import billing, checkout, disputes, merchants, payments
from api.simulator.shapes.parts import Json
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

__all__ = ["Json", "render"]


def render(
    world_object: WorldObject, api: ApiVersion, livemode: bool, event_type: str = ""
) -> Json:
    """Return the object's JSON; the event's type matters only for a Checkout Session."""
    match world_object:
        case PaymentIntent():
            return payments.payment_intent(world_object, api, livemode)
        case Charge():
            return payments.charge(world_object, api, livemode)
        case Refund():
            return payments.refund(world_object, api)
        case Dispute():
            return disputes.dispute(world_object, api, livemode)
        case Session():
            has_status = has_session_status(event_type)
            return checkout.session(world_object, api, livemode, has_status=has_status)
        case Invoice():
            return billing.invoice(world_object, api, livemode)
        case InvoicePayment():
            return billing.invoice_payment(world_object, livemode)
        case Subscription():
            return billing.subscription(world_object, api, livemode)
        case Payout():
            return merchants.payout(world_object, api, livemode)
        case Account():
            return merchants.account(world_object)
        case Application():
            return merchants.application(world_object)


def has_session_status(event_type: str) -> bool:
    """Whether events of this type have a Checkout Session's status in every API version.

    The types beside `completed` are younger than the field, so every body of theirs has it.
    """
    return event_type != "checkout.session.completed"
