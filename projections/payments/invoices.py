"""Which orders pay an invoice: told by invoice payments, by the invoice, or by what names it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from projections.objects.state import State
from projections.payments.links import (
    OrderKey,
    known_order_of_charge,
    order_of_charge,
    order_of_session,
    order_referenced,
)
from projections.rows.aggregate import Component

__all__ = ["is_paid_out_of_band", "orders_paying", "payments_of"]


def payments_of(component: Component, invoice: str) -> list[State]:
    """The payments attached to an invoice, oldest first."""
    payments = component.linking("invoice_payment", "invoice", invoice)
    return [payment for payment in payments if not payment.values.get("detached")]


def orders_paying(component: Component, invoice: str) -> list[OrderKey]:
    """The orders that pay an invoice or are to pay it, the default payment's first."""
    state = component.get("invoice", invoice)
    values = state.values if state is not None else {}
    is_paid = values.get("status") == "paid"
    attached = payments_of(component, invoice)
    # Of equal ones the oldest stays first.
    payments = sorted(attached, key=lambda payment: not payment.values.get("is_default"))
    orders = [
        order_referenced(component, payment)
        for payment in payments
        if not (is_paid and payment.values.get("status") == "canceled")
    ]
    if not is_paid_out_of_band(values):
        let_go = _let_go(component, invoice)
        orders += [
            order
            for order in _named(component, invoice, values)
            if order not in let_go and not (is_paid and _is_canceled(component, order))
        ]
    return list(dict.fromkeys(order for order in orders if order is not None))


def is_paid_out_of_band(values: dict[str, Any]) -> bool:
    """Whether an invoice says that all of it was paid outside of Stripe."""
    if values.get("paid_out_of_band"):
        return True
    outside = values.get("amount_paid_off_stripe") or 0
    return outside > 0 and outside >= (values.get("amount_paid") or 0)


def _named(component: Component, invoice: str, values: dict[str, Any]) -> Iterator[OrderKey]:
    """The orders that an invoice of an old shape names, then those that name it."""
    if values.get("payment_intent") is not None:
        yield OrderKey("payment_intent", values["payment_intent"])
    if values.get("charge") is not None:
        order = known_order_of_charge(component, values["charge"])
        if order is not None:
            yield order
    for intent in component.linking("payment_intent", "invoice", invoice):
        yield OrderKey("payment_intent", intent.id)
    for charge in component.linking("charge", "invoice", invoice):
        yield order_of_charge(component, charge.id)
    for session in component.linking("checkout.session", "invoice", invoice):
        if session.values.get("mode") in ("payment", None):
            yield order_of_session(component, session)


def _let_go(component: Component, invoice: str) -> set[OrderKey | None]:
    """The orders whose payment was detached from an invoice: they may go on naming it."""
    payments = component.linking("invoice_payment", "invoice", invoice)
    detached = [payment for payment in payments if payment.values.get("detached")]
    return {order_referenced(component, payment) for payment in detached}


def _is_canceled(component: Component, order: OrderKey) -> bool:
    state = component.get(order.object, order.id)
    return state is not None and state.values.get("status") == "canceled"
