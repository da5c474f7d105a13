"""Which order an object belongs to: links, whichever side told them and however late."""

from __future__ import annotations

from projections.objects.state import State
from projections.rows.aggregate import Aggregate, Component

__all__ = ["charge_order", "linked", "order_named_by", "order_of", "session_order"]


def linked(state: State | None, to: str) -> str | None:
    """The first id of a kind that the object ever named."""
    told = state.links.get(to) if state is not None else None
    return told[0] if told else None


def charge_order(cluster: Component, id: str) -> str:
    """The order of a charge: its PaymentIntent, whichever of them tells; else the charge."""
    own = linked(cluster.get("charge", id), "payment_intent")
    if own is not None:
        return own
    if naming := cluster.naming("payment_intent", "charge", id):
        return naming[0].id
    # Neither tells of the other, but a refund or dispute may name both.
    for object in ("refund", "dispute"):
        for state in cluster.naming(object, "charge", id):
            told = linked(state, "payment_intent")
            if told is not None:
                return told
    return id


def session_order(cluster: Component, session: State) -> str:
    """The order of a Checkout Session: its PaymentIntent, whichever tells; else the session."""
    own = linked(session, "payment_intent")
    if own is not None:
        return own
    naming = cluster.naming("payment_intent", "checkout.session", session.id)
    return naming[0].id if naming else session.id


def order_named_by(cluster: Component, state: State) -> str | None:
    """The order that a refund or dispute names, or that its charge lends; None if nobody tells."""
    own = linked(state, "payment_intent")
    if own is not None:
        return own
    charge = linked(state, "charge")
    if charge is None:
        return None
    order = charge_order(cluster, charge)
    known = cluster.get("charge", charge)
    # A charge is an order of its own only once something has told of it.
    return order if order != charge or (known is not None and known.is_known) else None


def order_of(subject: Aggregate) -> str | None:
    """The field `order` of refunds and disputes."""
    return order_named_by(subject.cluster, subject.main) if subject.main is not None else None
