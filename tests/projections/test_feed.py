"""The feed: what its definition gives, whatever the batches, crashes and rebuilds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.simulator import STORIES, story
from projections.feed.notification import Notification
from projections.notifications import Feed
from tests.projections.conftest import Opened
from tests.projections.feed_reference import Risen, reference
from tests.projections.histories import Json, Store, entries, shuffled, unique
from tests.projections.laws import DIALECTS, History, a_history, law


def opened_feed(store: Store) -> Feed:
    feed = Feed.open(store.ledger, store.projections)
    feed.create()
    return feed


def followed(feed: Feed, batches: list[int]) -> list[Notification]:
    """The whole feed after reading on in batches of some sizes, again and again."""
    while True:
        for batch in batches:
            if not feed.follow(batch=batch):
                return feed.after(0, 10_000)


def compared(notifications: list[Notification]) -> list[Risen]:
    return sorted(
        (each.id, each.type, each.position, each.ordinal, each.cause.event, each.late, each.holds)
        for each in notifications
    )


@st.composite
def a_log(draw: st.DrawFn) -> tuple[list[Json], list[int]]:
    """A history in any order with duplicates, and sizes of batches."""
    history: History = draw(a_history(most=2))
    events = history.events
    sent = draw(st.one_of(st.permutations(events), st.just(events), st.just(events[::-1])))
    return list(sent), draw(st.lists(st.integers(1, 7), min_size=1, max_size=4))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_feed_is_what_its_definition_gives(opened: Opened, dialect: str) -> None:
    """In any order of delivery and any batches; the same again after a rebuild."""

    @law(examples=40)
    @given(log=a_log())
    def holds(log: tuple[list[Json], list[int]]) -> None:
        events, batches = log
        with opened(dialect) as store:
            store.append(events)
            feed = opened_feed(store)
            expected = reference(entries(unique(events)))
            assert compared(followed(feed, batches)) == expected
            feed.rebuild()
            assert compared(feed.after(0, 10_000)) == expected
            feed.close()

    holds()


@pytest.mark.parametrize("name", sorted(STORIES))
def test_each_story_in_many_orders(opened: Opened, name: str) -> None:
    """As told, backwards, and shuffled with duplicates."""
    events = story(name).events
    for sent in (events, events[::-1], shuffled(events, 1), shuffled(events, 2)):
        with opened("sqlite") as store:
            store.append(sent)
            feed = opened_feed(store)
            assert compared(followed(feed, [3])) == reference(entries(unique(sent)))
            feed.close()
