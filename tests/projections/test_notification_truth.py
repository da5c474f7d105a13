"""The notifications of the simulator's stories: what the feed tells is what became true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.simulator import API_VERSIONS, STORIES, Rise, Story, story
from projections import Feed, Notification
from tests.projections.conftest import Opened
from tests.projections.histories import Json, Store
from tests.projections.laws import DIALECTS, History, a_history, law

_NEWEST = API_VERSIONS[-1]


def notified(store: Store) -> list[Notification]:
    """The whole feed of what a store was sent."""
    feed = Feed.open(store.ledger, store.projections)
    feed.create()
    while feed.follow():
        pass
    notifications = feed.after(0, 100_000)
    feed.close()
    return notifications


def rises_of(notifications: Sequence[Notification]) -> Counter[Rise]:
    return Counter(Rise(each.type, each.object_id, each.ordinal) for each in notifications)


def every_story(version: str | Sequence[str]) -> list[Story]:
    return [story(name, index=n, api_version=version) for n, name in enumerate(sorted(STORIES))]


def feed_of(store: Store, stories: Sequence[Story]) -> Counter[Rise]:
    store.append([event for each in stories for event in each.events])
    return rises_of(notified(store))


def true(stories: Sequence[Story]) -> Counter[Rise]:
    return Counter(rise for each in stories for rise in each.notifications())


@pytest.mark.parametrize(
    ("dialect", "version"),
    [
        *(("sqlite", each) for each in API_VERSIONS),
        ("postgresql", _NEWEST),
    ],
)
def test_in_order_the_feed_is_the_truth(opened: Opened, dialect: str, version: str) -> None:
    """Delivered as they happened, every rise of every story is told once, and no other."""
    stories = every_story(version)
    with opened(dialect) as store:
        assert feed_of(store, stories) == true(stories)


@st.composite
def a_delivery(draw: st.DrawFn) -> tuple[tuple[Story, ...], list[Json]]:
    """Stories, and their events in any order, some of them twice."""
    history: History = draw(a_history(most=2))
    again = draw(st.lists(st.sampled_from(history.events), max_size=3))
    return history.stories, draw(st.permutations([*history.events, *again]))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_paid_order_is_told_once_in_any_order(opened: Opened, dialect: str) -> None:
    """Also where a charge stood alone before its PaymentIntent came: then under the charge's id."""

    @law(40 if dialect == "sqlite" else 10)
    @given(a_delivery())
    def holds(delivery: tuple[tuple[Story, ...], list[Json]]) -> None:
        stories, sent = delivery
        with opened(dialect) as store:
            store.append(sent)
            feed = notified(store)
        assert paid_orders(stories, rises_of(feed)) == paid_orders(stories, true(stories))

    holds()


@pytest.mark.parametrize("name", sorted(STORIES))
def test_a_charge_that_comes_first_is_told_once(opened: Opened, name: str) -> None:
    """All that is not a PaymentIntent's comes before its events, and then those."""
    a_story = story(name)
    sent = sorted(a_story.events, key=lambda event: event["type"].startswith("payment_intent."))
    with opened("sqlite") as store:
        store.append(sent)
        feed = rises_of(notified(store))

    assert paid_orders([a_story], feed) == paid_orders([a_story], true([a_story]))


@pytest.mark.parametrize("name", sorted(STORIES))
def test_an_order_is_paid_where_it_received_money_or_needs_none(name: str) -> None:
    """And once: each order's own truth at any second says so, whatever the rises say."""
    a_story = story(name)
    paid = {
        id
        for second in a_story.seconds()
        for id, row in a_story.truth(second)["orders"].items()
        if row["status"] in ("paid", "partially_refunded", "refunded")
    }
    orders = {a_story.order_containing(id) for id in paid}

    assert paid_orders([a_story], true([a_story])) == Counter(dict.fromkeys(orders, 1))


def paid_orders(stories: Sequence[Story], rises: Counter[Rise]) -> Counter[str | None]:
    """The orders that were told to be paid, by the ids that they have when all is known."""
    ids = [rise.object_id for rise in rises.elements() if rise.type == "order.paid"]
    return Counter(order_of(stories, id) for id in ids)


def order_of(stories: Sequence[Story], object_id: str) -> str | None:
    """The order that an object belongs to when all is known."""
    ids = (each.order_containing(object_id) for each in stories)
    return next((id for id in ids if id is not None), None)
