"""Which order an object belongs to: by links, whichever side has them and however late."""

from __future__ import annotations

from projections.objects.state import State
from projections.rows.aggregate import Aggregate, Component, first_link

__all__ = ["order_of", "order_of_charge", "order_of_session", "order_referenced"]


def order_of_charge(component: Component, id: str) -> str:
    """The order of a charge: its PaymentIntent, whichever of them has the link; else the charge."""
    own = first_link(component.get("charge", id), "payment_intent")
    if own is not None:
        return own
    if intents := component.linking("payment_intent", "charge", id):
        return intents[0].id
    # Neither links to the other, but a refund or dispute may name both.
    for object in ("refund", "dispute"):
        for state in component.linking(object, "charge", id):
            intent = first_link(state, "payment_intent")
            if intent is not None:
                return intent
    return id


def order_of_session(component: Component, session: State) -> str:
    """The order of a Checkout Session: its PaymentIntent, whichever links; else the session."""
    own = first_link(session, "payment_intent")
    if own is not None:
        return own
    intents = component.linking("payment_intent", "checkout.session", session.id)
    return intents[0].id if intents else session.id


def order_referenced(component: Component, state: State) -> str | None:
    """The order that a refund or dispute names, itself or by its charge; None while unknown."""
    own = first_link(state, "payment_intent")
    if own is not None:
        return own
    charge = first_link(state, "charge")
    if charge is None:
        return None
    order = order_of_charge(component, charge)
    known = component.get("charge", charge)
    # A charge is an order of its own only once an event of it was read.
    return order if order != charge or (known is not None and known.is_known) else None


def order_of(aggregate: Aggregate) -> str | None:
    """The field `order` of refunds and disputes."""
    root = aggregate.root
    return order_referenced(aggregate.component, root) if root is not None else None
