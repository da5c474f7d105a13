"""Balance transactions: swept, asked for singly, once more, by payout; killed anywhere."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.simulator import API_VERSIONS, START, Story, story
from api.simulator.facts.money import balance_transaction as facts_of
from api.simulator.stripe import Key, Stripe
from api.simulator.versions import api_version
from api.stripe.balance_notes import Note, notes_of
from api.stripe.balance_store import BalanceStore
from api.stripe.refusals import MissingPermission
from ledger import RecordedEvent, verify
from projections import KINDS
from tests.conftest import WithLedger
from tests.databases import DIALECTS
from tests.projections.histories import Store, folded, recorded
from tests.stripe.balance_desk import (
    NAMES,
    RECEIVED_SECONDS,
    Desk,
    Json,
    counted,
    events_until,
    movements,
    records_of,
    run,
    with_amount,
)
from tests.stripe.conftest import DAY, KEYS, Clock

KIND = "balance_transactions"


@pytest.fixture(scope="module")
def stories() -> list[Story]:
    """Money that moves in every way, and in two connected accounts."""
    return [story(name, keeps_states=True, start=START + n) for n, name in enumerate(NAMES)]


@pytest.fixture(scope="module")
def desk(with_ledger: WithLedger, stories: list[Story]) -> Any:
    """A function that opens an empty ledger beside a Stripe with the stories, 9 days later."""

    @contextmanager
    def desk(dialect: str, held: list[Story] = stories) -> Iterator[Desk]:
        clock = Clock(START + 9 * DAY)
        simulator = Stripe(held, KEYS, clock=clock, rate_max=10_000)
        with with_ledger(dialect) as url, simulator.serving() as base:
            store = Store.open(url)
            try:
                yield Desk(store, simulator, base, clock)
            finally:
                store.close()

    return desk


@pytest.fixture(scope="module")
def whole_log(desk: Any, stories: list[Story]) -> list[RecordedEvent]:
    """The log when nothing is killed."""
    with desk("sqlite") as its:
        run(its, stories)
        log: list[RecordedEvent] = its.store.ledger.log.after(0, 100_000)
        return log


@pytest.fixture(scope="module")
def undisturbed(whole_log: list[RecordedEvent]) -> Counter[str]:
    """What is recorded when nothing is killed."""
    return counted(records_of(whole_log))


@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    page=st.sampled_from([2, 100]),
    deaths=st.lists(st.integers(0, 30), min_size=1, max_size=4),
)
def test_killed_anywhere_nothing_is_twice_and_nothing_missing(
    desk: Any,
    stories: list[Story],
    undisturbed: Counter[str],
    dialect: str,
    page: int,
    deaths: list[int],
) -> None:
    """The records are those of a recorder that nobody killed, each as often."""
    with desk(dialect) as its:
        its.page = page
        run(its, stories, deaths)
        assert counted(its.records()) == undisturbed
        assert verify(its.store.ledger).problems == []
        assert BalanceStore.backlog(its.store.ledger.engine, its.clock()).wanted == 0


def test_an_answer_that_cannot_be_kept_stops_no_other(desk: Any, stories: list[Story]) -> None:
    """It is named with the reason; what is on the same page is recorded, and the sweep goes on."""
    with desk("sqlite") as its:
        its.recorder().sweep(None)
        [first, *others] = sorted(record["id"] for record in its.records())
    # A number that no two programs read alike.
    altered = [with_amount(each, first, 10**30) for each in stories]
    with desk("sqlite", altered) as its:
        recorded = its.recorder().sweep(None)

        assert sorted(record["id"] for record in its.records()) == others != []
        assert (recorded.stored, recorded.refused) == (
            len(others), ["the answer cannot be read by all alike: BadNumber"],
        )  # fmt: skip
        assert its.balance.state(None).swept_until == int(its.clock())


def truth(stories: list[Story]) -> dict[str, Json]:
    """What the row of every balance transaction says in the end, by id."""
    version = api_version(API_VERSIONS[-1])
    return {
        id: {**facts_of(each.transaction, version, START + 90 * DAY), "payout": each.payout}
        for id, each in movements(stories).items()
    }


def wrong(rows: dict[str, Json], stories: list[Story]) -> list[str]:
    """Where rows say else than the truth."""
    expected = truth(stories)
    assert rows.keys() == expected.keys()
    return [
        f"{id} {name}: {rows[id][name]!r}, expected {value!r}"
        for id, fields in expected.items()
        for name, value in fields.items()
        if rows[id][name] != value
    ]


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False))
def test_in_any_order_rows_say_the_truth(
    whole_log: list[RecordedEvent], stories: list[Story], random: Random
) -> None:
    """Events and records of them shuffled: each row is available, with its fee and its payout."""
    shuffled = random.sample(whole_log, len(whole_log))
    log = [event._replace(position=position) for position, event in enumerate(shuffled, 1)]
    rows = folded(log, {KIND: KINDS[KIND]})[KIND]

    assert wrong({row["id"]: row for row in rows.values()}, stories) == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_ledger_shows_what_was_recorded(desk: Any, stories: list[Story], dialect: str) -> None:
    """Live, in a list by payout, and rebuilt."""
    with desk(dialect) as its:
        run(its, stories)
        its.store.follow()
        rows = {row["id"]: row for row in its.store.items(KIND)}
        assert wrong(rows, stories) == []
        [payout] = {row["payout"] for row in rows.values()} - {None}
        parts = its.store.items(KIND, payout=payout)
        assert len(parts) == 7 and sum(row["net"] for row in parts) == 0
        assert its.store.projections.check() == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_sweep_overlaps_the_last_one(desk: Any, dialect: str) -> None:
    """The first goes back thirty days, each other to two hours before the end of the last."""
    with desk(dialect) as its:
        its.recorder().sweep(None)
        first = int(its.clock.seconds)
        [(_, request)] = its.simulator.requests
        assert request.params["created"] == {"gte": str(first - 30 * DAY), "lte": str(first)}
        its.simulator.requests.clear()
        its.clock.seconds += 45 * DAY
        its.recorder().sweep(None)
        [bounds] = {json.dumps(r.params["created"]) for _, r in its.simulator.requests}
        assert json.loads(bounds) == {
            "gte": str(first - 7200), "lte": str(int(its.clock.seconds))
        }  # fmt: skip
        assert its.balance.state(None).swept_until == int(its.clock.seconds)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_events_name_is_asked_for_singly(
    desk: Any, stories: list[Story], dialect: str
) -> None:
    """An hour after it came, where no sweep brought it; what a sweep brought is not asked for."""
    with desk(dialect) as its:
        its.clock.seconds = RECEIVED_SECONDS + 60
        its.store.append(events_until(stories, its.clock.seconds))
        its.round()
        assert set(its.paths()) == {""} and its.records() != []
        assert {record["payout"] for record in its.records()} - {None}
        its.simulator.requests.clear()
        its.clock.seconds += 3600
        its.round()
        single = [path for path in its.paths() if path]
        assert sorted({record["id"] for record in its.records()}) == sorted(movements(stories))
        assert len(single) == len(set(single)) > 5
        its.simulator.requests.clear()
        its.round()
        assert set(its.paths()) == {""}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_pending_ones_are_asked_for_once_more(
    desk: Any, stories: list[Story], dialect: str
) -> None:
    """An hour after the time that they said, and then no more."""
    line = next(m.transaction for m in movements(stories).values()
                if m.transaction.type == "charge" and m.account is None)  # fmt: skip
    with desk(dialect) as its:
        its.clock.seconds = line.created + 60
        its.round()
        for seconds, expected in ((3599, 0), (3601, 1), (3 * 3600, 0)):
            its.simulator.requests.clear()
            its.clock.seconds = line.available_on + seconds
            recorder = its.recorder()
            while recorder.read():
                pass
            recorder.fetch_due()
            assert its.paths().count(line.id) == expected
        states = [record["status"] for record in its.records() if record["id"] == line.id]
        assert states == ["pending", "available"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_stripe_does_not_have_is_given_up(desk: Any, dialect: str) -> None:
    """After five days; the others are asked for all the same."""
    with desk(dialect) as its:
        named = {"id": "ch_1", "object": "charge", "created": 1, "balance_transaction": "txn_none"}
        its.store.append([{
            "id": "evt_1", "object": "event", "type": "charge.updated", "created": START,
            "livemode": False, "api_version": None, "data": {"object": named},
        }])  # fmt: skip
        its.clock.seconds = RECEIVED_SECONDS + 2 * 3600
        its.recorder().read()
        given_up = []
        for _ in range(6):
            recorded = its.recorder().fetch_due()
            given_up.append((len(recorded.refused), recorded.given_up))
            its.clock.seconds += DAY + 1
        assert given_up == [(1, 0), (1, 0), (1, 0), (1, 0), (1, 1), (0, 0)]
        assert BalanceStore.backlog(its.store.ledger.engine, its.clock()).wanted == 0


def test_without_the_permission_nothing_is_lost(desk: Any, stories: list[Story]) -> None:
    """The refusal names it; with a better key the next round goes on."""
    with desk("sqlite") as its:
        key = Key("rk_test_events_only_Zq7x", frozenset({"event_read"}))
        its.simulator.api.keys[key.secret] = key
        its.store.append(events_until(stories, its.clock.seconds))
        its.recorder().read()
        before = BalanceStore.backlog(its.store.ledger.engine, RECEIVED_SECONDS + 4000)
        its.key = key
        its.clock.seconds = RECEIVED_SECONDS + 4000
        for ask in (its.recorder().fetch_due, lambda: its.recorder().sweep(None)):
            with pytest.raises(MissingPermission, match="balance"):
                ask()
        assert BalanceStore.backlog(its.store.ledger.engine, its.clock()) == before
        assert before.due == before.wanted > 10


def noted(type: str, shown: Json, **more: Any) -> list[Note]:
    """What an entry says that shows an object."""
    event: RecordedEvent = recorded(1, {
        "id": "evt_1", "object": "event", "type": type, "created": 1, "livemode": False,
        "api_version": None, "data": {"object": shown}, **more,
    })  # fmt: skip
    return notes_of(event)


def test_an_entry_says_what_to_ask_for() -> None:
    """Ids of transactions wherever they stand, and payouts that are reconciled."""
    due = RECEIVED_SECONDS + 3600
    charge = {"id": "ch_1", "object": "charge", "balance_transaction": {"id": "txn_1"},
              "refunds": {"data": [{"id": "re_1", "balance_transaction": "txn_2"}]}}  # fmt: skip
    payout = {"id": "po_1", "object": "payout", "reconciliation_status": "completed"}

    assert noted("charge.refunded", charge) == [
        Note("txn_1", "named", due), Note("txn_2", "named", due)
    ]  # fmt: skip
    assert noted("payout.reconciliation_completed", payout) == [
        Note("po_1", "payout", RECEIVED_SECONDS)
    ]
    assert noted("payout.updated", payout) == []
    assert noted("charge.updated", {"id": "ch_1", "object": "charge", "note": "a txn_1"}) == []
