"""Groups payment objects by order: a PaymentIntent, its charges and its Checkout Sessions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from api.simulator.facts import EventFacts, Facts
from api.simulator.truth.records import Record, Records


@dataclass(slots=True)
class OrderObjects:
    """The records of one order's objects; `id` is the order's, and that of its root object."""

    id: str
    records: Records
    intent: Record | None = None
    charges: list[Record] = field(default_factory=list)
    sessions: list[Record] = field(default_factory=list)
    refunds: list[Record] = field(default_factory=list)
    disputes: list[Record] = field(default_factory=list)
    warnings: list[Record] = field(default_factory=list)

    @property
    def session(self) -> Record | None:
        """Its Checkout Session."""
        return self.sessions[0] if self.sessions else None

    def candidates(self) -> list[Record]:
        """Return the objects that can be an order's root; refunds and disputes only join one."""
        return [*([self.intent] if self.intent else []), *self.charges, *self.sessions]

    def is_root_known(self) -> bool:
        """Whether any event showed the object whose id the order has."""
        return any(record.id == self.id for record in self.candidates())

    def joined(self, kind: str) -> list[Record]:
        """Return the records of a type that joins orders; early fraud warnings are only lent."""
        by_kind = {"refund": self.refunds, "dispute": self.disputes}
        return by_kind.get(kind, self.warnings)

    def history(self) -> Iterator[tuple[EventFacts, Facts]]:
        """Yield every event that showed any of its objects, with that object's facts."""
        for record in (*self.candidates(), *self.refunds, *self.disputes):
            yield from record.history

    def events(self) -> list[EventFacts]:
        """Return the events of its objects, in the order they happened."""
        event_ids = {event.event_id for event, _ in self.history()}
        return [event for event in self.records.events if event.event_id in event_ids]

    def last_index(self, record: Record) -> int:
        """Return the index, among all events, of the last event that showed an object."""
        last = record.history[-1][0].event_id
        return [event.event_id for event in self.records.events].index(last)

    def charge_id(self) -> str | None:
        """Return the id of the PaymentIntent's latest charge, else of the newest known charge."""
        if self.intent and self.intent["latest_charge"]:
            latest: str = self.intent["latest_charge"]
            return latest
        newest = max(self.charges, key=lambda c: (c["created"], c.id), default=None)
        return newest.id if newest else None

    def latest_charge(self) -> Record | None:
        """Return that charge where an event showed it, else the newest one that was shown."""
        latest = [charge for charge in self.charges if charge.id == self.charge_id()]
        return latest[0] if latest else max(self.charges, key=lambda c: c["created"], default=None)

    def session_id(self) -> str | None:
        """Return the id of its Checkout Session, even if only the PaymentIntent names it."""
        named: str | None = self.intent["session"] if self.intent else None
        return self.session.id if self.session else named


def group_by_order(records: Records) -> tuple[list[OrderObjects], dict[str, str]]:
    """Return the orders, and the order's id by the id of each of its candidates."""
    intent_ids = _intent_ids(records)
    sessions = {
        session_id: session
        for session_id, session in records.by_id("checkout.session").items()
        if session["mode"] == "payment"
    }
    orders: dict[str, OrderObjects] = {}

    def order(candidate_id: str) -> OrderObjects:
        order_id = intent_ids.get(candidate_id, candidate_id)
        return orders.setdefault(order_id, OrderObjects(order_id, records))

    for intent in records.by_id("payment_intent").values():
        order(intent.id).intent = intent
    for charge in records.by_id("charge").values():
        order(charge.id).charges.append(charge)
    for session in sessions.values():
        order(session.id).sessions.append(session)
    order_ids = intent_ids | {
        candidate.id: objects.id
        for objects in orders.values()
        for candidate in objects.candidates()
    }
    for kind in ("refund", "dispute", "radar.early_fraud_warning"):
        for record in records.by_id(kind).values():
            objects = orders.get(record["payment_intent"] or order_ids.get(record["charge"]) or "")
            if objects is not None:
                objects.joined(kind).append(record)
    return list(orders.values()), order_ids


def _intent_ids(records: Records) -> dict[str, str]:
    """Return the PaymentIntent's id of each charge and session, whichever of both names it."""
    intent_ids: dict[str, str] = {}
    for kind in ("charge", "checkout.session"):
        for record in records.by_id(kind).values():
            for intent_id in record.values_of("payment_intent"):
                intent_ids[record.id] = intent_id
    for intent in records.by_id("payment_intent").values():
        for event, _ in intent.history:
            embedded = [facts.id for facts in event.objects if facts.object == "charge"]
            intent_ids.update(dict.fromkeys(embedded, intent.id))
        for name in ("latest_charge", "session"):
            for linked_id in intent.values_of(name):
                intent_ids[linked_id] = intent.id
    return intent_ids
