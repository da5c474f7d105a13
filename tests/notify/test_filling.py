"""Filling: each subscriber gets what it wants from its cursor on, once, and no history."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, update

from api.notify.filling import Filler
from api.notify.stores import NotifyStores
from api.notify.tables import DELIVERIES, SUBSCRIBERS
from api.simulator import START, story
from ledger import Delivery, read_delivery
from ledger.database import write_transaction
from tests.projections.conftest import Opened
from tests.projections.histories import Json, Store
from tests.projections.laws import DIALECTS, law

_DAY = 86_400
_URL = "http://127.0.0.1:9/"


@contextmanager
def notifying(store: Store) -> Iterator[tuple[NotifyStores, Filler]]:
    stores = NotifyStores.open(store.ledger, store.projections)
    stores.create()
    try:
        yield stores, Filler(stores.feed, stores.subscribers, max_age_seconds=7 * _DAY)
    finally:
        stores.close()


def receive(
    store: Store,
    events: Sequence[Json],
    *,
    late: int = 2,
    source: str = "webhook",
    follow: bool = True,
) -> None:
    """Events as they come in, so many seconds after they were created; rows ``follow``."""
    deliveries = []
    for event in events:
        body = json.dumps(event).encode()
        received_at = (event["created"] + late) * 1_000_000
        deliveries.append(Delivery(body, source, received_at, read_delivery(body)))
    store.ledger.append(deliveries)
    if follow:
        store.follow()


def fill(stores: NotifyStores, filler: Filler) -> None:
    while stores.feed.follow():
        pass
    while filler.fill():
        pass


def filled(stores: NotifyStores, subscriber: str) -> list[str]:
    """What a subscriber is to be handed, in order."""
    return [each.type for each in stores.deliveries.list(subscriber=subscriber)][::-1]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_is_filled_once_whatever_the_rounds(opened: Opened, dialect: str) -> None:
    """Any batches of events, rounds and fillers; bodies are the rows as they were known then."""

    @law(10 if dialect == "sqlite" else 4)
    @given(sizes=st.lists(st.integers(1, 5), min_size=1, max_size=8))
    def holds(sizes: list[int]) -> None:
        left = list(story("order_with_3ds_and_partial_refund").events)
        with opened(dialect) as store, notifying(store) as (stores, filler):
            every, _ = stores.subscribers.add(_URL, ["*"])
            paid, _ = stores.subscribers.add(_URL, ["order.paid"])
            while left:
                size = sizes[len(left) % len(sizes)]
                receive(store, left[:size])
                left = left[size:]
                stores.feed.follow(batch=1)
                filler.fill()
                Filler(stores.feed, stores.subscribers, max_age_seconds=7 * _DAY).fill()
            fill(stores, filler)
            feed = [each.type for each in stores.feed.after(0, 1000)]
            assert filled(stores, every.id) == feed
            assert filled(stores, paid.id) == ["order.paid"]

    holds()


def test_a_body_has_the_row_as_it_was_known_then(store: Store) -> None:
    """Also where it was filled long after; and everything that N4 names."""
    with notifying(store) as (stores, filler):
        receive(store, story("full_refund").events)
        while stores.feed.follow():
            pass
        notifications = {each.type: each for each in stores.feed.after(0, 100)}
        [due] = filler.due([notifications["order.paid"]])
        sent = json.loads(due.body)

        assert sent["type"] == "order.paid"
        assert sent["data"]["object"]["status"] == "paid"
        assert sent["data"]["object"]["position"] == sent["data"]["position"]
        assert sent["data"].keys() == {
            "id", "position", "ordinal", "late", "holds", "cause", "object",
        }  # fmt: skip
        assert sent["data"]["cause"].keys() == {"event", "type", "created", "position"}


def test_what_has_a_row_does_not_wait_for_what_has_none_yet(store: Store) -> None:
    """Under a steady load the feed's end is always beyond the rows'."""
    events = story("full_refund").events
    with notifying(store) as (stores, filler):
        every, _ = stores.subscribers.add(_URL, ["*"])
        split = next(number for number, each in enumerate(events) if "refund" in each["type"])
        receive(store, events[:split])
        receive(store, events[split:], follow=False)
        fill(stores, filler)
        known = filled(stores, every.id)
        store.follow()
        fill(stores, filler)

        assert known == ["order.paid"]
        assert filled(stores, every.id)[:1] == known
        assert "order.refunded" in filled(stores, every.id)


@pytest.mark.parametrize(
    ("late", "source"), [(8 * _DAY, "webhook"), (2, "import")], ids=["old", "imported"]
)
def test_history_is_for_those_who_ask(store: Store, late: int, source: str) -> None:
    """It is in the feed like all else, and handed only to who wants it."""
    with notifying(store) as (stores, filler):
        news, _ = stores.subscribers.add(_URL, ["*"])
        history, _ = stores.subscribers.add(_URL, ["*"], history=True)
        receive(store, story("checkout_paid").events, late=late, source=source)
        fill(stores, filler)

        assert filled(stores, news.id) == []
        assert filled(stores, history.id) == ["order.paid"]


def test_a_rebuild_of_everything_hands_out_nothing(store: Store) -> None:
    """What was handed out is known by its id, and cursors by the log's positions."""
    with notifying(store) as (stores, filler):
        every, _ = stores.subscribers.add(_URL, ["*"])
        receive(store, story("dispute_won").events)
        fill(stores, filler)
        before = filled(stores, every.id)
        store.projections.rebuild()
        stores.feed.rebuild()
        fill(stores, filler)

        assert filled(stores, every.id) == before != []
        assert list(filler.missed(stores.subscribers.get(every.id))) in ([], [[]])


def test_a_paused_subscriber_goes_on_where_it_stood(store: Store) -> None:
    """Nothing that came meanwhile is lost."""
    with notifying(store) as (stores, filler):
        every, _ = stores.subscribers.add(_URL, ["order.*"])
        stores.subscribers.pause(every.id)
        receive(store, story("checkout_paid", start=START).events)
        fill(stores, filler)
        assert filled(stores, every.id) == []
        stores.subscribers.resume(every.id)
        fill(stores, filler)

        assert filled(stores, every.id) == ["order.paid"]


def test_what_appears_behind_a_cursor_is_missed_and_not_sent_by_itself(store: Store) -> None:
    """As where a mended fold or a new condition adds it: it is listed, for the command to send."""
    with notifying(store) as (stores, filler):
        subscriber, _ = stores.subscribers.add(_URL, ["order.*"])
        receive(store, story("full_refund").events)
        fill(stores, filler)
        whole = filled(stores, subscriber.id)
        with write_transaction(stores.feed.engine) as connection:
            refunded = DELIVERIES.c.type == "order.refunded"
            connection.execute(delete(DELIVERIES).where(refunded))
        fill(stores, filler)
        assert filled(stores, subscriber.id) == [each for each in whole if each != "order.refunded"]
        [missed] = filler.missed(stores.subscribers.get(subscriber.id))

        assert [each.type for each in missed] == ["order.refunded"]
        assert stores.deliveries.add(subscriber.id, filler.due(missed)) == 1
        assert filled(stores, subscriber.id) == whole


def test_a_log_that_went_back_is_followed_by_the_paused_too(store: Store) -> None:
    """A cursor beyond the head is put back to it: what comes next is not skipped at its resuming,
    when the log may have grown past where the cursor stood."""
    events = list(story("order_with_3ds_and_partial_refund").events)
    receive(store, events[:2])
    with notifying(store) as (stores, filler):
        subscriber, _ = stores.subscribers.add(_URL, ["*"])
        stores.subscribers.pause(subscriber.id)
        with write_transaction(stores.feed.engine) as connection:
            connection.execute(update(SUBSCRIBERS).values(cursor=len(events)))
        fill(stores, filler)
        cursor = stores.subscribers.get(subscriber.id).cursor
        receive(store, events[2:])
        stores.subscribers.resume(subscriber.id)
        fill(stores, filler)
        expected = [each.type for each in stores.feed.after(cursor, 1000)]

        assert cursor == store.ledger.log.head().position - len(events[2:])
        assert expected and filled(stores, subscriber.id) == expected
