"""A ledger that was told nothing, beside our own Stripe: what tests of asking for objects need."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from api.demo.untold import is_comparable
from api.simulator import API_VERSIONS, Story, Truth, histories
from api.simulator.stripe import Key, Stripe
from api.stripe.accounts import known_accounts
from api.stripe.backfill import Backfilled, Backfiller
from api.stripe.backfill_store import BackfillState, BackfillStore
from api.stripe.client import StripeApi
from api.stripe.limiter import Rates
from api.stripe.objects import lists
from tests.conftest import WithLedger
from tests.projections.histories import Crash, Rows, Store
from tests.stripe.conftest import KEYS, TEST_KEY, Clock

Json = dict[str, Any]
FAST = Rates(10_000, 10_000)


def newest_stories(seed: int, count: int, **more: Any) -> list[Story]:
    """Stories in the version in which the API answers: what they tell is what it shows."""
    return list(histories(seed, count, api_versions=API_VERSIONS[-1:], keeps_states=True, **more))


def comparable(stories: Iterable[Story]) -> list[Story]:
    """Those of the test mode of which objects show what became of them."""
    return [
        story
        for story in stories
        if is_comparable(story) and not any(event["livemode"] for event in story.events)
    ]


def truth_of(stories: Iterable[Story]) -> Truth:
    """The rows of stories together; no two have an id in common."""
    merged: Truth = {}
    for story in stories:
        for kind, rows in story.truth().items():
            merged.setdefault(kind, {}).update(rows)
    return merged


def by_id(rows: Rows) -> Truth:
    """Rows as a truth has them: of one mode, each id is of one account."""
    return {kind: {row["id"]: row for row in of_kind.values()} for kind, of_kind in rows.items()}


@dataclass
class Merchant:
    """A ledger, our own Stripe, and what asks for the one at the other."""

    store: Store
    simulator: Stripe
    base: str
    clock: Clock

    def api(self, key: Key = TEST_KEY) -> StripeApi:
        return StripeApi(key.secret, self.base, FAST, timeout_seconds=0.5)

    def backfills(self) -> BackfillStore:
        return BackfillStore(self.store.ledger.engine, livemode=False)

    def backfill(
        self,
        kinds: Iterable[str] = (),
        *,
        key: Key = TEST_KEY,
        backfills: BackfillStore | None = None,
        since: int = 0,
        page: int = 100,
    ) -> list[Backfilled]:
        """What `ledger stripe backfill` does."""
        api = self.api(key)
        accounts, _ = known_accounts(api, self.store.ledger)
        backfiller = Backfiller(api, self.store.ledger, backfills or self.backfills(), page=page)
        chosen = sorted(accounts, key=lambda name: name or "")
        return backfiller.run(chosen, lists(list(kinds)), since)

    def records(self) -> list[Json]:
        """The records of the log, in the order in which they came."""
        entries = self.store.ledger.log.after(0, 100_000)
        return [json.loads(entry.body) for entry in entries if entry.type == "ledger.snapshot"]

    def rows(self) -> Rows:
        self.store.follow()
        return self.store.rows()


@contextmanager
def merchant(
    with_ledger: WithLedger, dialect: str, stories: Iterable[Story], seconds: float
) -> Iterator[Merchant]:
    """An empty ledger beside a Stripe with some stories, at a second."""
    clock = Clock(seconds)
    simulator = Stripe(stories, KEYS, clock=clock, rate_max=100_000)
    with with_ledger(dialect) as url, simulator.serving() as base:
        store = Store.open(url)
        try:
            yield Merchant(store, simulator, base, clock)
        finally:
            store.close()


class DyingBackfills(BackfillStore):
    """A store whose process is killed at one of its writes, before or after it took effect."""

    def __init__(self, merchant: Merchant, at: int) -> None:
        super().__init__(merchant.store.ledger.engine, livemode=False)
        self._left = at

    def save(self, state: BackfillState) -> None:
        self._die_at()
        super().save(state)
        self._die_at()

    def _die_at(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Crash


def identity(record: Json) -> tuple[str | None, str, str]:
    """Which object a record is of."""
    snapshot = record["data"]["object"]
    return (record["account"], snapshot["object"], snapshot["id"])
