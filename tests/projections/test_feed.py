"""The feed: what its definition gives, whatever the batches, crashes, processes and rebuilds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, update

from api.simulator import STORIES, story
from ledger.database import write_transaction
from projections import KINDS, Condition, Feed, Notification, NotificationPage
from tests.projections.conftest import Opened
from tests.projections.feed_reference import Risen, reference, rises
from tests.projections.histories import (
    Json,
    Store,
    crashing,
    entries,
    shuffled,
    unique,
)
from tests.projections.laws import DIALECTS, History, a_history, law


@contextmanager
def opened_feed(store: Store) -> Iterator[Feed]:
    feed = Feed.open(store.ledger, store.projections)
    feed.create()
    try:
        yield feed
    finally:
        feed.close()


def followed(feed: Feed, batches: list[int]) -> list[Notification]:
    """The whole feed after reading on in batches of some sizes, again and again."""
    while True:
        for batch in batches:
            if not feed.follow(batch=batch):
                return feed.after(0, 10_000)


def compared(notifications: list[Notification]) -> list[Risen]:
    return sorted(
        (
            each.id, each.type, each.position, each.ordinal, each.cause.event, each.late,
            each.holds, each.object_id,
        )
        for each in notifications
    )  # fmt: skip


@st.composite
def a_log(draw: st.DrawFn) -> list[Json]:
    """A history in any order, as it happened, or backwards; some of it twice."""
    history: History = draw(a_history(most=2))
    events = history.events
    again = draw(st.lists(st.sampled_from(events), max_size=3))
    return list(
        draw(st.one_of(st.permutations([*events, *again]), st.just(events), st.just(events[::-1])))
    )


batches = st.lists(st.integers(1, 7), min_size=1, max_size=4)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_feed_is_what_its_definition_gives(opened: Opened, dialect: str) -> None:
    """In any order of delivery, any batches, through any crashes; the same after a rebuild."""

    @law(25 if dialect == "sqlite" else 8)
    @given(events=a_log(), sizes=batches, crashes=st.lists(st.integers(0, 80), max_size=4))
    def holds(events: list[Json], sizes: list[int], crashes: list[int]) -> None:
        with opened(dialect) as store, opened_feed(store) as feed:
            store.append(events)
            for statement in crashes:
                with crashing(feed.engine, statement):
                    feed.follow(batch=sizes[0])
            expected = reference(entries(unique(events)))
            notifications = followed(feed, sizes)
            assert compared(notifications) == expected
            assert max(Counter(each.id for each in notifications).values(), default=1) == 1
            assert list(feed.check()) == []
            feed.rebuild(batch=50)
            assert feed.counts() == Counter(each.type for each in notifications)
            assert feed.after(0, 10_000) == notifications

    holds()


@law(25)
@given(events=a_log())
def test_every_rise_of_the_final_history_is_in_the_feed(events: list[Json]) -> None:
    """Under the id of the row, or of one that became a part of it later."""
    log = entries(unique(events))
    ordinals: dict[tuple[str, str], set[int]] = {}
    for _, type_, _, ordinal, _, _, _, object_id in reference(log):
        ordinals.setdefault((type_, object_id), set()).add(ordinal)

    for risen in rises(log):
        of_members = [ordinals.get((risen.type, id), set()) for id in risen.members]
        assert set(range(1, risen.count + 1)) <= set().union(*of_members)


@pytest.mark.parametrize("name", sorted(STORIES))
def test_each_story_in_disorder(opened: Opened, name: str) -> None:
    """Shuffled, with duplicates."""
    events = story(name).events
    sent = shuffled(events, 1)
    with opened("sqlite") as store, opened_feed(store) as feed:
        store.append(sent)
        assert compared(followed(feed, [3])) == reference(entries(unique(sent)))


@pytest.mark.parametrize("name", sorted(STORIES))
def test_in_order_each_rise_comes_with_its_event(name: str) -> None:
    """Delivered as it happened, nothing is late, and nothing rises that the history has not."""
    log = entries(story(name).events)
    risen = reference(log)

    assert len({each[0] for each in risen}) == len(risen)
    assert len(risen) >= sum(each.count for each in rises(log))


def test_processes_that_race_write_one_feed(store: Store) -> None:
    """Feeds that are read on at the same time are one, and a rebuild meanwhile is the same."""
    events = [event for name in sorted(STORIES)[:12] for event in story(name).events]
    store.append(shuffled(events, 5))
    feeds = [Feed.open(store.ledger, store.projections) for _ in range(4)]
    feeds[0].create()

    def read_on(feed: Feed) -> None:
        while feed.follow(batch=9):
            pass

    with ThreadPoolExecutor(4) as pool:
        rebuilt = pool.submit(feeds[3].rebuild, batch=40)
        list(pool.map(read_on, feeds[:3]))
        rebuilt.result()

    assert compared(feeds[0].after(0, 100_000)) == reference(entries(unique(shuffled(events, 5))))
    assert list(feeds[1].check()) == []
    for feed in feeds:
        feed.close()


def test_a_new_condition_builds_a_feed_beside_the_one_that_serves(store: Store) -> None:
    """The ids of what was there are the same, and the one before serves until it has caught up."""
    store.append(story("checkout_paid").events)
    with opened_feed(store) as feed:
        before = followed(feed, [5])
    orders = KINDS["orders"]
    exists = Condition("asked_for", "There is one.", lambda order: True)
    changed = {**KINDS, "orders": replace(orders, conditions=(*orders.conditions, exists))}
    newer = Store.open(str(store.ledger.engine.url.render_as_string(False)), changed)
    with opened_feed(newer) as feed:
        feed.follow(batch=1)
        assert feed.list(page=NotificationPage(limit=100)).items == before[::-1]
        after = followed(feed, [5])

        assert {each.id for each in before} < {each.id for each in after}
        assert {each.type for each in after} - {each.type for each in before} == {"order.asked_for"}
        assert len(feed.list(page=NotificationPage(limit=100)).items) == len(after)
    newer.close()


def test_a_check_finds_what_is_missing_too_much_and_different(store: Store) -> None:
    """Three planted differences are three."""
    store.append(
        story("checkout_paid").events + story("trial_that_converts_and_lapses", index=2).events
    )
    with opened_feed(store) as feed:
        whole = followed(feed, [50])
        with write_transaction(feed.engine) as connection:
            tables = feed._shown(connection)
            assert tables is not None
            table = tables.notifications
            gone, other = table.c.id == whole[0].id, table.c.id == whole[1].id
            connection.execute(delete(table).where(gone))
            connection.execute(update(table).where(other).values(holds=not whole[1].holds))

        assert {(each.problem, each.notification.id) for each in feed.check()} == {
            ("missing", whole[0].id),
            ("differs", whole[1].id),
        }
