"""The comparison: it finds each difference that is planted at Stripe, and none where none is."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from api.simulator import START
from api.simulator.stripe import Key, Scope
from api.stripe.comparing import Comparison
from api.stripe.objects import lists
from projections import EVERYTHING
from tests.conftest import WithLedger
from tests.databases import DIALECTS
from tests.stripe.conftest import DAY, TEST_KEY
from tests.stripe.merchants import Merchant, merchant, newest_stories
from tests.stripe.test_thin import events_of

LATER = START + 900 * DAY
PLANTED = 20
CHANGES: dict[str, Any] = {"description": "planted", "metadata": {"planted": "yes"}, "amount": 7}


def comparison(
    side: Merchant,
    *,
    key: Key = TEST_KEY,
    records: bool = False,
    meanwhile: Callable[[], object] = lambda: None,
) -> Comparison:
    """One whose minute is over at once; ``meanwhile`` happens in it, and rows follow."""
    seconds = 0.0

    def sleep(duration: float) -> None:
        nonlocal seconds
        if duration > 0:
            seconds += duration
            meanwhile()
            side.store.follow()

    return Comparison(
        side.api(key), side.store.ledger, side.store.projections,
        records=records, clock=lambda: seconds, sleep=sleep,
    )  # fmt: skip


def plant(side: Merchant) -> set[str]:
    """Change objects at our own Stripe of which no event tells; their ids."""
    holdings = side.simulator.api.platform._holdings[Scope(None, False)]
    planted: set[str] = set()
    listed = {record["data"]["object"]["id"] for record in side.records()}
    for number, ((_, id), history) in enumerate(sorted(holdings.states.items(), key=str)):
        newest = history[-1]
        names = [name for name in CHANGES if hasattr(newest.world_object, name)]
        if newest.is_deleted or not names or len(planted) == PLANTED or id in planted:
            continue
        name = names[number % len(names)]
        changed = copy.deepcopy(newest.world_object)
        setattr(changed, name, CHANGES[name])
        if id in listed:
            history.append(replace(newest, world_object=changed))
            planted.add(id)
    return planted


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_planted_difference_is_found(with_ledger: WithLedger, dialect: str) -> None:
    """Twenty of them, none before; recorded, they are mended. A sample finds its own."""
    stories = newest_stories(13, 60)
    with merchant(with_ledger, dialect, stories, LATER) as side:
        side.backfill()
        side.store.follow()
        before = comparison(side).of_lists([None], lists())
        assert (before.drifts, before.refused) == ([], [])
        assert before.objects.total() > 100
        planted = plant(side)
        assert len(planted) == PLANTED
        compared = comparison(side).of_lists([None], lists())
        assert {drift.id for drift in compared.drifts} == planted
        known = side.store.ledger.log.known([str(drift.event) for drift in compared.drifts])
        assert known == {drift.event for drift in compared.drifts}
        sampled = comparison(side).of_sample([], 10_000, [None])
        assert {drift.id for drift in sampled.drifts} == planted
        # Of one second no answer is newer than the other.
        side.clock.seconds += 100
        mended = comparison(side, records=True).of_lists([None], lists())
        assert mended.recorded == PLANTED
        side.store.follow()
        assert comparison(side).of_lists([None], lists()).drifts == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_in_flight_is_no_difference(with_ledger: WithLedger, dialect: str) -> None:
    """Events that arrive while it is compared explain what differed; what none tells is told."""
    stories = newest_stories(12, 40)
    events = [event for event in events_of(stories) if "account" not in event]
    middle = events[len(events) // 2]["created"]
    with merchant(with_ledger, dialect, stories, middle) as side:
        side.store.deliver([event for event in events if event["created"] <= middle])
        side.backfill()
        side.store.follow()
        side.clock.seconds = LATER
        late = [event for event in events if event["created"] > middle]

        def meanwhile() -> None:
            side.store.append(late)
            late.clear()

        compared = comparison(side, meanwhile=meanwhile).of_lists(
            [None], lists(["orders", "refunds", "payouts", "disputes", "invoices"])
        )
        heard = {event["data"]["object"].get("id") for event in events}
        unheard = [drift for drift in compared.drifts if drift.id not in heard]
        assert all(drift.field == EVERYTHING for drift in unheard)
        # What was made long ago is told at once, for no event of it can be under way.
        appeared = {drift.id for drift in compared.drifts if drift.field == EVERYTHING}
        assert [drift for drift in compared.drifts if drift.id not in appeared] == []


def test_what_stripe_lacks_and_what_it_refuses(with_ledger: WithLedger) -> None:
    """An object that is gone without an event, and a list that the key may not see."""
    some = Key("rk_test_reads_payouts_Zq7x", frozenset({"payout_read"}))
    with merchant(with_ledger, "sqlite", newest_stories(13, 60), LATER) as side:
        side.simulator.api.keys[some.secret] = some
        side.backfill(["payouts"])
        side.store.follow()
        holdings = side.simulator.api.platform._holdings[Scope(None, False)]
        gone = next(key for key in holdings.states if key[1].startswith("po_"))
        del holdings.states[gone]
        sampled = comparison(side, key=some).of_sample(["payouts"], 1000, [None])
        assert [(drift.id, drift.answered) for drift in sampled.drifts] == [(gone[1], None)]
        compared = comparison(side, key=some).of_lists([None], lists(["payouts", "disputes"]))
        assert compared.drifts == []
        [refused] = compared.refused
        assert "dispute_read" in refused and "Zq7x" not in refused
