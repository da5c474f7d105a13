"""The law of the ledger: rows and timelines are functions of the set of events, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.simulator import API_VERSIONS, STORIES, histories, story
from ledger import Snapshot
from projections import KINDS, Projections
from projections.drivers import follow
from tests.projections.cases import thin
from tests.projections.conftest import Opened
from tests.projections.histories import Json, Store, rows
from tests.projections.laws import Step, a_history, any_delivery, law


def live_through(store: Store, steps: list[Step]) -> None:
    """Take deliveries in while the follower reads, dies and comes back; then read to the head."""
    for step in steps:
        store.append(step.sent)
        if step.crash_at is not None:
            with store.crashing(step.crash_at):
                while store.advance(step.batch, step.kinds):
                    pass
        else:
            store.advance(step.batch, step.kinds)
        if step.restart:
            store.restart()
    store.follow()


def holds(opened: Opened, dialect: str, data: st.DataObject) -> None:
    events = data.draw(a_history()).events
    lives_alike(opened, dialect, events, data.draw(any_delivery(events, list(KINDS))))


def lives_alike(
    opened: Opened, dialect: str, events: Sequence[Json | Snapshot], steps: list[Step]
) -> None:
    """Whatever the steps are in which events come, they give what an orderly delivery gives."""
    with opened("sqlite") as orderly, opened(dialect) as store:
        orderly.deliver(events)
        live_through(store, steps)

        assert store.rows() == orderly.rows() == rows(events)
        assert store.timelines() == orderly.timelines()
        assert store.projections.check() == []
        assert store.projections.dead_letters().items == []
        assert store.wrong_terms() == {}

        living = store.living()
        for number in (1, 2, 5):
            assert store.in_batches(number) == living
        store.projections.rebuild()
        assert store.living() == living
        assert store.wrong_terms() == {}


@law(6)
@given(data=st.data())
def test_any_delivery_gives_the_rows_of_the_history_on_sqlite(
    opened: Opened, data: st.DataObject
) -> None:
    """However events come and however the follower fares, rows and timelines are the same."""
    holds(opened, "sqlite", data)


@law(2)
@given(data=st.data())
def test_any_delivery_gives_the_rows_of_the_history_on_postgresql(
    opened: Opened, data: st.DataObject
) -> None:
    """The same law on PostgreSQL, compared with an orderly delivery on SQLite."""
    holds(opened, "postgresql", data)


NAMES = sorted(STORIES)[::2]


@pytest.mark.parametrize("batch", [1, 7])
def test_any_batch_gives_the_same_rows(opened: Opened, batch: int) -> None:
    """Many stories at once, one event at a time or some: the rows are those of the pure fold."""
    stories = [story(name, index=n, api_version=API_VERSIONS) for n, name in enumerate(NAMES)]
    events = [event for each_story in stories for event in each_story.events]
    Random(1).shuffle(events)
    with opened("sqlite") as store:
        store.append(events)
        while store.advance(batch):
            pass

        assert store.projections.check() == []
        assert store.rows() == rows(events)


@pytest.mark.parametrize("backlog", [None, 15], ids=["small", "large"])
def test_two_followers_at_once_are_one(
    store: Store, monkeypatch: pytest.MonkeyPatch, backlog: int | None
) -> None:
    """Followers that race for the same events leave the rows that one of them would."""
    if backlog is not None:
        # As if so few were many: then they are read by leaps, as a rebuild reads.
        monkeypatch.setattr(follow, "_BACKLOG", backlog)
        monkeypatch.setattr(follow, "_LEAP", 2 * backlog)
    events = [event for each_story in histories(4, 10) for event in each_story.events]
    events += [thin(number) for number in range(40)]
    Random(2).shuffle(events)
    store.append(events)
    others = [Store(store.ledger, Projections.open(store.ledger)) for _ in range(3)]

    def read_on(each: Store) -> None:
        while each.projections.follow() if backlog is not None else each.advance(2):
            pass

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(read_on, others))

    states = store.projections.states()
    assert {(state.position, state.without_snapshot) for state in states} == {(len(events), 40)}
    assert store.projections.check() == []
    assert store.wrong_terms() == {}
    assert store.rows() == rows(each for each in events if each["object"] == "event")
    for each in others:
        each.projections.close()
