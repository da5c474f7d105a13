"""Which order an object belongs to: by links, whichever side has them and however late."""

from __future__ import annotations

from typing import NamedTuple

from projections.objects.state import State
from projections.rows.aggregate import Aggregate, Component, first_link

__all__ = [
    "OrderKey",
    "known_order_of_charge",
    "order_of",
    "order_of_charge",
    "order_of_session",
    "order_referenced",
]


class OrderKey(NamedTuple):
    """Which object an order stands for: its PaymentIntent, its charge or its Checkout Session.

    Stripe's ids of different objects differ; those of recorded or made-up events may not.
    """

    object: str
    id: str


def order_of_charge(component: Component, id: str) -> OrderKey:
    """The order of a charge: its PaymentIntent, whichever of them has the link; else the charge."""
    own = first_link(component.get("charge", id), "payment_intent")
    if own is not None:
        return _intent(own)
    if intents := component.linking("payment_intent", "charge", id):
        return _intent(intents[0].id)
    # Neither links to the other, but a refund, dispute or warning may name both.
    for object in ("refund", "dispute", "radar.early_fraud_warning"):
        for state in component.linking(object, "charge", id):
            intent = first_link(state, "payment_intent")
            if intent is not None:
                return _intent(intent)
    return OrderKey("charge", id)


def order_of_session(component: Component, session: State) -> OrderKey:
    """The order of a Checkout Session: its PaymentIntent, whichever links; else the session."""
    own = first_link(session, "payment_intent")
    if own is not None:
        return _intent(own)
    intents = component.linking("payment_intent", "checkout.session", session.id)
    return _intent(intents[0].id) if intents else OrderKey("checkout.session", session.id)


def order_referenced(component: Component, state: State) -> OrderKey | None:
    """The order that an object names by its PaymentIntent or its charge; None while unknown."""
    own = first_link(state, "payment_intent")
    if own is not None:
        return _intent(own)
    charge = first_link(state, "charge")
    return known_order_of_charge(component, charge) if charge is not None else None


def known_order_of_charge(component: Component, id: str) -> OrderKey | None:
    """The order of a charge that something names; None while unknown."""
    order, charge = order_of_charge(component, id), component.get("charge", id)
    # A charge is an order of its own only once an event of it was read.
    is_order = order.object != "charge" or (charge is not None and charge.is_known)
    return order if is_order else None


def order_of(aggregate: Aggregate) -> str | None:
    """The field `order` of refunds, disputes and warnings."""
    root = aggregate.root
    order = order_referenced(aggregate.component, root) if root is not None else None
    return order.id if order is not None else None


def _intent(id: str) -> OrderKey:
    return OrderKey("payment_intent", id)
