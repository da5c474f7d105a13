"""A ledger beside our own Stripe: what the tests of the sweep are stated in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from api.simulator import START, histories
from api.simulator.stripe import Key, Scope, Stripe
from api.simulator.stripe.platform import Platform
from api.stripe.client import StripeApi
from api.stripe.limiter import Rates
from api.stripe.store import SweepState, SweepStore
from api.stripe.sweep import Sweeper, Swept
from ledger import Event
from tests.projections.histories import Crash, Store
from tests.stripe.conftest import DAY, TEST_KEY, Clock

Json = dict[str, Any]
FAST = Rates(1000, 1000)
OUTAGE = (START + 3 * DAY, START + 13 * DAY)
AFTER = OUTAGE[1] + 600


def account_of(event: Json) -> str | None:
    account: str | None = event.get("account") or event.get("context")
    return account


def happened(seed: int, count: int) -> tuple[list[Any], list[Json]]:
    """Stories, and those of their test events that were told before the outage was over."""
    stories = list(histories(seed, count, keeps_states=True, spacing=DAY // 8))
    events = [
        event
        for story in stories
        for event in story.events
        if not event["livemode"] and event["created"] <= AFTER - 300
    ]
    # Of an account that took its access away Stripe lists nothing: that is another test's.
    platform = Platform(lambda: AFTER)
    platform.add(stories)
    names = {account_of(event) for event in events}
    gone = {name for name in names if not platform.is_accessible(Scope(name, False))}
    return stories, [event for event in events if account_of(event) not in gone]


@dataclass
class Side:
    """A ledger, and the sweeper that fetches for it from our own Stripe."""

    store: Store
    simulator: Stripe
    base: str
    clock: Clock
    page: int = 100
    key: Key = TEST_KEY
    sweeps: SweepStore = field(init=False)

    def __post_init__(self) -> None:
        self.sweeps = SweepStore(self.store.ledger.engine, clock=self.clock)

    def sweeper(self, sweeps: SweepStore | None = None) -> Sweeper:
        api = StripeApi(self.key.secret, self.base, FAST, timeout_seconds=0.5)
        return Sweeper(
            api, self.store.ledger, sweeps or self.sweeps, clock=self.clock, page=self.page
        )

    def fetch(self, sweeps: SweepStore | None = None, since: int | None = None) -> list[Swept]:
        """What `ledger stripe fetch` does."""
        sweeper = self.sweeper(sweeps)
        accounts, _ = sweeper.accounts()
        return [sweeper.sweep(account, since) for account in accounts]

    def ids(self) -> list[str]:
        """The event ids of the log."""
        return [event.event_id for event in self.store.ledger.log.after(0, 100_000)]

    def sources(self) -> dict[str, str]:
        return {e.event_id: e.source for e in self.store.ledger.log.after(0, 100_000)}


Sided = Callable[..., Any]


class DyingStore(SweepStore):
    """A store whose process is killed at one of its calls, before or after it took effect."""

    def __init__(self, side: Side, at: int) -> None:
        super().__init__(side.store.ledger.engine, clock=side.clock)
        self._left = at

    def _die_at(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Crash

    def note_fetched(self, events: Iterable[Event]) -> None:
        self._die_at()
        super().note_fetched(events)
        self._die_at()

    def save(self, state: SweepState) -> None:
        self._die_at()
        super().save(state)
        self._die_at()
