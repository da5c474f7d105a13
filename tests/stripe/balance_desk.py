"""A ledger beside our own Stripe with a balance: what the tests of the recorder are stated in."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from api.simulator import START, Story
from api.simulator.stripe import Stripe
from api.stripe.balance import Recorder
from api.stripe.balance_notes import Note
from api.stripe.balance_store import BalanceStore, Wanted
from api.stripe.client import StripeApi
from ledger import RecordedEvent
from tests.projections.histories import RECEIVED_AT, Crash, Store
from tests.stripe.conftest import DAY, TEST_KEY, Clock
from tests.stripe.sides import FAST

Json = dict[str, Any]

NAMES = ("dispute_won", "payout_of_a_week", "payout_canceled", "refund_that_fails",
         "transfer_reversed_twice", "two_accounts")  # fmt: skip
RECEIVED_SECONDS = RECEIVED_AT // 1_000_000


class Desk:
    """A ledger beside our own Stripe, and the recorder that asks for it."""

    def __init__(self, store: Store, simulator: Stripe, base: str, clock: Clock) -> None:
        self.store, self.simulator, self.base, self.clock = store, simulator, base, clock
        self.key, self.page = TEST_KEY, 100
        self.balance = BalanceStore(store.ledger.engine, livemode=False)

    def recorder(self, balance: BalanceStore | None = None) -> Recorder:
        api = StripeApi(self.key.secret, self.base, FAST, timeout_seconds=2)
        return Recorder(
            api, self.store.ledger, balance or self.balance, clock=self.clock, page=self.page
        )

    def round(self, balance: BalanceStore | None = None) -> None:
        """What the asker does every few minutes."""
        recorder = self.recorder(balance)
        for account in (None, *self.store.ledger.log.accounts()):
            recorder.sweep(account)
        while recorder.read():
            pass
        recorder.fetch_due()

    def records(self) -> list[Json]:
        """The balance transactions of the log in its order, each with its record's payout."""
        return records_of(self.store.ledger.log.after(0, 100_000))

    def paths(self) -> list[str]:
        """What was asked, without what goes before an id."""
        return [
            request.path.removeprefix("/v1/balance_transactions").removeprefix("/")
            for _, request in self.simulator.requests
        ]


class Dying(BalanceStore):
    """A store whose process is killed at one of its writes, before or after it took effect."""

    def __init__(self, desk: Desk, at: int) -> None:
        super().__init__(desk.store.ledger.engine, livemode=False)
        self._left = at

    def _die_at(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Crash

    def save(self, state: Any) -> None:
        self._die_at()
        super().save(state)
        self._die_at()

    def read(self, position: int, notes: Iterable[tuple[str | None, Note]]) -> None:
        self._die_at()
        super().read(position, notes)
        self._die_at()

    def put(self, wanted: Wanted) -> None:
        self._die_at()
        super().put(wanted)
        self._die_at()

    def forget(self, wanted: Wanted) -> None:
        self._die_at()
        super().forget(wanted)
        self._die_at()


def records_of(log: Iterable[RecordedEvent]) -> list[Json]:
    """The balance transactions in a log, each with its record's payout."""
    bodies = [json.loads(event.body) for event in log if event.type == "ledger.snapshot"]
    return [{**body["data"]["object"], "payout": body.get("payout")} for body in bodies]


def events_until(stories: list[Story], seconds: float) -> list[Json]:
    """The events that were sent by then, in that order."""
    events = [event for each in stories for event in each.events if event["created"] <= seconds]
    return sorted(events, key=lambda event: event["created"])


def movements(stories: list[Story]) -> dict[str, Any]:
    """Every movement by the id of its balance transaction."""
    return {each.transaction.id: each for a_story in stories for each in a_story.movements}


def run(desk: Desk, stories: list[Story], deaths: Iterable[int] = ()) -> None:
    """Weeks of rounds: at each time first some that are killed, then one that is not."""
    sent = 0
    for days in (2, 9, 14, 40):
        desk.clock.seconds = START + days * DAY
        events = events_until(stories, desk.clock.seconds)
        desk.store.append(events[sent:])
        sent = len(events)
        for at in deaths:
            with suppress(Crash):
                desk.round(Dying(desk, at))
        desk.round()
    # What events name and no sweep brought is due an hour after they came.
    desk.clock.seconds = RECEIVED_SECONDS + 2 * 3600
    for at in deaths:
        with suppress(Crash):
            desk.round(Dying(desk, at))
    desk.round()


def counted(records: Iterable[Json]) -> Counter[str]:
    """What some records say, and how often."""
    return Counter(json.dumps(record, sort_keys=True) for record in records)


def with_amount(a_story: Story, id: str, amount: int) -> Story:
    """The story with another amount in one of its balance transactions."""
    return replace(
        a_story,
        movements=tuple(
            replace(each, transaction=replace(each.transaction, amount=amount))
            if each.transaction.id == id
            else each
            for each in a_story.movements
        ),
    )
