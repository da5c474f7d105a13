"""Which objects make one order: those that anything told to belong together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from api.simulator.facts import Facts, Telling
from api.simulator.truth.records import Record, Records


@dataclass(slots=True)
class Gathered:
    """The objects of one order, each as it was last told."""

    id: str
    records: Records
    intent: Record | None = None
    charges: list[Record] = field(default_factory=list)
    sessions: list[Record] = field(default_factory=list)
    refunds: list[Record] = field(default_factory=list)
    disputes: list[Record] = field(default_factory=list)

    @property
    def session(self) -> Record | None:
        """Its Checkout Session."""
        return self.sessions[0] if self.sessions else None

    def makers(self) -> list[Record]:
        """What an order can be made of; refunds and disputes only join one."""
        return [*([self.intent] if self.intent else []), *self.charges, *self.sessions]

    def owner_known(self) -> bool:
        """Whether the object whose id the order bears has told of itself."""
        return any(record.id == self.id for record in self.makers())

    def history(self) -> Iterator[tuple[Telling, Facts]]:
        """Every word on any of its objects."""
        for record in (*self.makers(), *self.refunds, *self.disputes):
            yield from record.history

    def events(self) -> list[Telling]:
        """The events behind it, in the order they happened."""
        own = {telling.event for telling, _ in self.history()}
        return [telling for telling in self.records.tellings if telling.event in own]

    def rank(self, record: Record) -> int:
        """How late an event last spoke of that object."""
        last = record.history[-1][0].event
        return [telling.event for telling in self.records.tellings].index(last)

    def charge_id(self) -> str | None:
        """The PaymentIntent's latest charge, else the newest that is known."""
        if self.intent and self.intent["latest_charge"]:
            named: str = self.intent["latest_charge"]
            return named
        newest = max(self.charges, key=lambda c: (c["created"], c.id), default=None)
        return newest.id if newest else None

    def latest_charge(self) -> Record | None:
        """That charge, where it told of itself; else the newest that did."""
        named = [c for c in self.charges if c.id == self.charge_id()]
        return named[0] if named else max(self.charges, key=lambda c: c["created"], default=None)

    def session_id(self) -> str | None:
        """Its Checkout Session, known by itself or only because the PaymentIntent names it."""
        named: str | None = self.intent["session"] if self.intent else None
        return self.session.id if self.session else named


def gather(records: Records) -> tuple[list[Gathered], dict[str, str]]:
    """The orders, and of each PaymentIntent, charge and session told of the order's id."""
    intent_of = _links(records)
    pages = {i: s for i, s in records.of("checkout.session").items() if s["mode"] == "payment"}
    orders: dict[str, Gathered] = {}

    def order(maker: str) -> Gathered:
        key = intent_of.get(maker, maker)
        return orders.setdefault(key, Gathered(key, records))

    for intent in records.of("payment_intent").values():
        order(intent.id).intent = intent
    for charge in records.of("charge").values():
        order(charge.id).charges.append(charge)
    for page in pages.values():
        order(page.id).sessions.append(page)
    known = {maker.id: gathered.id for gathered in orders.values() for maker in gathered.makers()}
    belongs = {**intent_of, **known}
    for kind in ("refund", "dispute"):
        for part in records.of(kind).values():
            owner = orders.get(part["payment_intent"] or belongs.get(part["charge"]) or "")
            if owner is not None:
                (owner.refunds if kind == "refund" else owner.disputes).append(part)
    return list(orders.values()), belongs


def _links(records: Records) -> dict[str, str]:
    """The PaymentIntent of each charge and session, whichever side told of it."""
    intent_of: dict[str, str] = {}
    for kind in ("charge", "checkout.session"):
        for record in records.of(kind).values():
            for intent in record.ever("payment_intent"):
                intent_of[record.id] = intent
    for intent in records.of("payment_intent").values():
        for telling, _ in intent.history:
            carried = [f.id for f in telling.facts if f.object == "charge"]
            intent_of.update(dict.fromkeys(carried, intent.id))
        for name in ("latest_charge", "session"):
            for other in intent.ever(name):
                intent_of[other] = intent.id
    return intent_of
