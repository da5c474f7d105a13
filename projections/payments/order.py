"""An order: the objects of one payment together, and the fields computed from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from projections.objects.state import EventStats, State
from projections.payments import money
from projections.payments.invoices import orders_paying
from projections.payments.links import (
    OrderKey,
    order_of_charge,
    order_of_session,
    order_referenced,
)
from projections.rows.aggregate import Aggregate, Component, first_link

__all__ = ["Order", "orders"]

_AUTHORIZED = "requires_capture"


def orders(component: Component) -> Iterator[Order]:
    """The orders of a component: only PaymentIntents, charges and payment sessions make one."""
    members: dict[OrderKey, list[State]] = defaultdict(list)
    for intent in component.all("payment_intent"):
        members[OrderKey("payment_intent", intent.id)].append(intent)
    for charge in component.all("charge"):
        members[order_of_charge(component, charge.id)].append(charge)
    for session in component.all("checkout.session"):
        # A session that subscribes or only saves a card is no payment.
        if session.values.get("mode") in ("payment", None):
            members[order_of_session(component, session)].append(session)
    for state in (*component.all("refund"), *component.all("dispute")):
        key = order_referenced(component, state)
        if key not in members:
            charge_id = first_link(state, "charge")
            key = order_of_charge(component, charge_id) if charge_id is not None else None
        if key is not None and key in members:
            members[key].append(state)
    for key, states in members.items():
        order = Order(key, component, states)
        if order.is_known:
            yield order


def first_value(name: str, *states: State | None) -> Any:
    """A value of the first of some objects that has it."""
    for state in states:
        value = state.values.get(name) if state is not None else None
        if value is not None:
            return value
    return None


class Order(Aggregate):
    """One order and what its objects say of it together.

    ``intent`` is its PaymentIntent, once an event of it was read; ``charges``, ``refunds`` and
    ``disputes`` are oldest first (every retry is a new charge); ``session`` is its newest Checkout
    Session. ``charge_id`` is the PaymentIntent's latest charge, known or not, else the newest
    known; ``charge`` is the one whose values count: the latest that any event was read of.
    """

    def __init__(self, key: OrderKey, component: Component, members: list[State]) -> None:
        root = next((state for state in members if (state.object, state.id) == key), None)
        super().__init__(
            id=key.id, component=component, root=root, members=members, object=key.object
        )
        self.key = key
        by_object: dict[str, list[State]] = {}
        for state in members:
            if state.snapshot is not None:
                by_object.setdefault(state.object, []).append(state)
        intents, sessions = by_object.get("payment_intent"), by_object.get("checkout.session")
        self.intent = intents[0] if intents else None
        self.session = sessions[-1] if sessions else None
        self.charges: list[State] = by_object.get("charge", [])
        self.refunds: list[State] = by_object.get("refund", [])
        self.disputes: list[State] = by_object.get("dispute", [])
        newest = self.charges[-1] if self.charges else None
        latest = self.intent.values.get("latest_charge") if self.intent is not None else None
        self.charge_id: str | None = latest or (newest.id if newest is not None else None)
        named = (charge for charge in self.charges if charge.id == self.charge_id)
        self.charge = next(named, newest)
        sources = (self.intent, self.charge, self.session)
        self._sources = [state for state in sources if state is not None]

    @property
    def events(self) -> EventStats:
        """Its own events: an event that carries another member's snapshot counts once."""
        total = EventStats()
        for state in self.members:
            total = total.plus(state.direct)
        # Where nothing but embedded snapshots could be read, the events that carried them count.
        return total if total.count else super().events

    @property
    def is_known(self) -> bool:
        """Whether any event of a payment was read: a refund or a dispute alone is no order."""
        return bool(self._sources)

    def of(self, members: list[State]) -> Order:
        """The same order when its objects were in other states."""
        return Order(self.key, Component(self.component.scope, members), members)

    @property
    def session_id(self) -> str | None:
        """The newest session, else one that the PaymentIntent names and no event was read of."""
        if self.session is not None:
            return self.session.id
        return first_link(self.intent, "checkout.session")

    @cached_property
    def received(self) -> int:
        """What was captured."""
        return money.received(self.intent, self.charges)

    @cached_property
    def refunded(self) -> int:
        """What was refunded and did not come back."""
        return money.refunded(self.intent, self.charges, self.refunds)

    @property
    def disputed(self) -> int:
        """What disputes hold."""
        return money.disputed(self.disputes)

    @property
    def metadata(self) -> dict[str, Any] | None:
        """The session's, overlaid by the charge's, overlaid by the PaymentIntent's."""
        layers = [
            layer
            for state in reversed(self._sources)
            if (layer := state.values.get("metadata")) is not None
        ]
        return {key: value for layer in layers for key, value in layer.items()} if layers else None

    def value(self, name: str) -> Any:
        """A value of the PaymentIntent's, else of the charge's, else of the session's."""
        return first_value(name, *self._sources)

    def buyer(self, name: str) -> Any:
        """The buyer's e-mail or name: as billed, else as the buyer gave it to the session."""
        return first_value(name, self.charge, self.session)

    def failure(self, name: str) -> Any:
        """Why the last attempt failed; the charge is asked only where there is no PaymentIntent."""
        source = self.intent or self.charge
        return source.values.get(name) if source is not None else None

    @property
    def decline_code(self) -> str | None:
        """Why the card was declined, as its bank put it."""
        # A charge has an outcome whatever came out.
        failed = self.intent is not None or self._charge_shows("failed")
        code: str | None = self.failure("decline_code") if failed else None
        return code

    @property
    def payment_method_type(self) -> str | None:
        """What was paid with, or last tried."""
        source = self.charge or self.intent
        return source.values.get("payment_method_type") if source is not None else None

    @property
    def early_fraud_warning(self) -> str | None:
        """The fraud type of its newest early fraud warning."""
        ids = {charge.id for charge in self.charges}
        warnings = [
            warning
            for warning in self.component.all("radar.early_fraud_warning")
            if self.id in warning.links.get("payment_intent", ())
            or ids & set(warning.links.get("charge", ()))
        ]
        return warnings[-1].values.get("fraud_type") if warnings else None

    @property
    def paid_at(self) -> int | None:
        """When an event of its own first showed captured money."""
        times = [state.first_seen.get("paid") for state in self.members]
        return min((time for time in times if time is not None), default=None)

    @cached_property
    def invoices(self) -> list[str]:
        """The invoices that it pays or is to pay, oldest first."""
        named = {id for state in self.members for id in state.links.get("invoice", ())}
        for payment in self.component.all("invoice_payment"):
            named |= set(payment.links.get("invoice", ()))
        known = {state.id: state for state in self.component.all("invoice")}
        ids = [id for id in {*named, *known} if self.key in orders_paying(self.component, id)]

        def age(id: str) -> tuple[bool, int, str]:
            created = known[id].values.get("created") if id in known else None
            return (created is None, created or 0, id)

        return sorted(ids, key=age)

    @cached_property
    def status(self) -> str:
        """The first status that holds; captured money comes before anything that was asked for."""
        if self.received:
            return self._paid_status
        intent = self.intent.values.get("status") if self.intent is not None else None
        if intent == "canceled" or self._is_released:
            return "canceled"
        if intent == "expired":
            return "expired"
        if intent == _AUTHORIZED or self._charge_shows("succeeded", captured=False):
            return "authorized"
        if intent == "processing" or self._charge_shows("pending") or self._awaits_payment:
            return "processing"
        # An authorization that has to be given again is the buyer's turn too.
        if intent in ("requires_action", "requires_reauthorization"):
            return "requires_action"
        if self._has_failed:
            return "failed"
        return self._session_status

    @property
    def _paid_status(self) -> str:
        if self.refunded >= self.received:
            return "refunded"
        return "partially_refunded" if self.refunded else "paid"

    @property
    def _is_released(self) -> bool:
        """An authorisation that ended without its money being taken."""
        charge = self.charge
        if charge is None:
            return False
        released = bool(charge.values.get("refunded") or charge.values.get("amount_refunded"))
        return "expired" in charge.first_seen or (
            charge.values.get("captured") is False and released
        )

    def _charge_shows(self, status: str, *, captured: bool | None = None) -> bool:
        if self.charge is None or self.charge.values.get("status") != status:
            return False
        return captured is None or bool(self.charge.values.get("captured")) is captured

    @property
    def _async_payment_failed(self) -> bool:
        return self.session is not None and "async_payment_failed" in self.session.first_seen

    def _session_is(self, *payment_statuses: str | None) -> bool:
        values = self.session.values if self.session is not None else {}
        matches = values.get("payment_status") in payment_statuses
        return values.get("status") == "complete" and matches

    @property
    def _awaits_payment(self) -> bool:
        return self._session_is("unpaid") and not self._async_payment_failed

    @property
    def _has_failed(self) -> bool:
        error = self.intent is not None and self.intent.values.get("last_payment_error") is not None
        return error or self._charge_shows("failed") or self._async_payment_failed

    @property
    def _session_status(self) -> str:
        if self.session is not None and self.session.values.get("status") == "expired":
            return "expired"
        return "paid" if self._session_is("paid", "no_payment_required") else "incomplete"
