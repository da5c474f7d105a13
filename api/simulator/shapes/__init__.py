"""Renders an object of the world as the body of an API version would show it."""

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


def render(thing: WorldObject, api: ApiVersion, livemode: bool, event_type: str = "") -> Json:
    """The Stripe object; the type of its event matters only to a Checkout Session."""
    match thing:
        case PaymentIntent():
            return payments.payment_intent(thing, api, livemode)
        case Charge():
            return payments.charge(thing, api, livemode)
        case Refund():
            return payments.refund(thing, api)
        case Dispute():
            return disputes.dispute(thing, api, livemode)
        case Session():
            shown = shows_session_status(event_type)
            return checkout.session(thing, api, livemode, shows_status=shown)
        case Invoice():
            return billing.invoice(thing, api, livemode)
        case InvoicePayment():
            return billing.invoice_payment(thing, livemode)
        case Subscription():
            return billing.subscription(thing, api, livemode)
        case Payout():
            return merchants.payout(thing, api, livemode)
        case Account():
            return merchants.account(thing)
        case Application():
            return merchants.application(thing)


def shows_session_status(event_type: str) -> bool:
    """Whether such an event shows a session's status in every version.

    The types beside `completed` are younger than the fields, so no body of theirs lacks them.
    """
    return event_type != "checkout.session.completed"
