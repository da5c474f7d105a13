"""The sender: what is due is sent, in order, again after failures, and by one sender at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from api.notify.addresses import DEFAULT_NETWORKS, Networks
from api.notify.sender import Sender
from api.notify.tables import DELIVERIES
from ledger.database import read_transaction
from projections.tables.lease import database_seconds
from tests.notify.conftest import Facts, due
from tests.notify.receiver import Receiver, answer, receiving

_SECONDS_MAX = 20.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that answers 200."""
    with receiving() as started:
        yield started


@contextmanager
def sending(facts: Facts, *, timeout_seconds: float = 2.0) -> Iterator[Sender]:
    """A sender over HTTP."""
    networks = Networks.read(DEFAULT_NETWORKS)
    sender = Sender(facts.engine, networks=networks, timeout_seconds=timeout_seconds)
    yield sender
    sender.stop()


def run_until(sender: Sender, is_done: Callable[[], bool]) -> None:
    """Let it send until something is so."""
    deadline = time.monotonic() + _SECONDS_MAX
    while not is_done():
        assert time.monotonic() < deadline
        sender.send()


def states(facts: Facts, subscriber: str) -> dict[str, str]:
    """The state of each delivery."""
    listed = facts.deliveries.list(subscriber=subscriber, limit=1000)
    return {each.notification: each.state for each in listed}


def test_a_sender_that_waits_is_woken(
    facts: Facts, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fills deliveries ends its wait, however long that were."""
    subscriber, _ = facts.subscribers.add(receiver.url, ["*"])
    monkeypatch.setattr("api.notify.sender._WAIT_SECONDS", 3600.0)
    with sending(facts) as sender:
        waiting = threading.Thread(target=sender.send)
        waiting.start()
        facts.deliveries.add(subscriber.id, [due(1)])
        sender.wake()
        waiting.join(_SECONDS_MAX)

        assert not waiting.is_alive()
        run_until(sender, lambda: states(facts, subscriber.id) == {"ntf_1": "delivered"})


def test_all_is_sent_in_the_order_of_each_row(facts: Facts, receiver: Receiver) -> None:
    """Three rows of ten notifications each; other rows do not wait."""
    subscriber, _ = facts.subscribers.add(receiver.url, ["*"])
    facts.deliveries.add(subscriber.id, [due(n, f"row {n % 3}") for n in range(30)])

    with sending(facts) as sender:
        run_until(sender, lambda: set(states(facts, subscriber.id).values()) == {"delivered"})

    assert sorted(receiver.ids) == sorted(f"ntf_{n}" for n in range(30))
    for row in range(3):
        its = [id for id in receiver.ids if int(id.removeprefix("ntf_")) % 3 == row]
        assert its == [f"ntf_{n}" for n in range(row, 30, 3)]
    attempts = facts.attempts.list(limit=100).items
    assert {(each.outcome, each.status, each.answer) for each in attempts} == {
        ("delivered", 200, "ok")
    }
    assert facts.subscribers.get(subscriber.id).delivered == 30


def test_a_failure_holds_up_its_row_and_no_other(facts: Facts, receiver: Receiver) -> None:
    """The next of the row waits until the one before it is delivered."""
    receiver.answering = lambda handler, n: answer(
        500 if receiver.ids[n] == "ntf_1" else 200, "told"
    )(handler, n)
    subscriber, _ = facts.subscribers.add(receiver.url, ["*"])
    facts.deliveries.add(subscriber.id, [due(1, "a"), due(2, "a"), due(3, "b")])

    with sending(facts) as sender:
        run_until(sender, lambda: facts.subscribers.get(subscriber.id).failed == 1)
        run_until(sender, lambda: "delivered" in states(facts, subscriber.id).values())
        listed = facts.deliveries.list(subscriber=subscriber.id)
        receiver.answering = answer(200)
        facts.deliveries.retry("ntf_1")
        run_until(sender, lambda: set(states(facts, subscriber.id).values()) == {"delivered"})

    assert [(each.notification, each.state) for each in listed] == [
        ("ntf_3", "delivered"),
        ("ntf_2", "pending"),
        ("ntf_1", "pending"),
    ]
    assert receiver.ids.index("ntf_2") > receiver.ids.index("ntf_1", 1)
    assert receiver.ids.count("ntf_1") == 2


def test_not_more_at_once_than_is_allowed(facts: Facts, receiver: Receiver) -> None:
    """However much is due."""
    lock, at_once, most = threading.Lock(), 0, 0

    def count(handler: BaseHTTPRequestHandler, number: int) -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.05)
        with lock:
            at_once -= 1
        answer(200)(handler, number)

    receiver.answering = count
    subscriber, _ = facts.subscribers.add(receiver.url, ["*"], concurrency=3)
    facts.deliveries.add(subscriber.id, [due(n) for n in range(30)])

    with sending(facts) as sender:
        run_until(sender, lambda: facts.subscribers.get(subscriber.id).delivered == 30)

    assert most == 3


def test_gone_disables_and_what_waits_is_kept(facts: Facts, receiver: Receiver) -> None:
    """410: nothing more is sent; after it is resumed everything is."""
    receiver.answering = answer(410)
    subscriber, _ = facts.subscribers.add(receiver.url, ["*"], concurrency=1)
    facts.deliveries.add(subscriber.id, [due(n) for n in range(5)])

    with sending(facts) as sender:
        run_until(sender, lambda: facts.subscribers.get(subscriber.id).state == "disabled")
        for _ in range(20):
            sender.send()
        stopped = facts.subscribers.get(subscriber.id)
        arrived_count = len(receiver.requests)
        receiver.answering = answer(200)
        facts.subscribers.resume(subscriber.id)
        run_until(sender, lambda: set(states(facts, subscriber.id).values()) == {"delivered"})

    assert "410" in str(stopped.reason)
    assert arrived_count == 1
    assert len(receiver.requests) == arrived_count + 5


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_says_when_to_come_back(facts: Facts, receiver: Receiver, status: int) -> None:
    """Nothing is sent to it before, then everything."""
    receiver.answering = answer(status, retry_after="3600")
    subscriber, _ = facts.subscribers.add(receiver.url, ["*"], concurrency=1)
    facts.deliveries.add(subscriber.id, [due(n) for n in range(5)])

    with sending(facts) as sender:
        run_until(sender, lambda: facts.subscribers.get(subscriber.id).failed > 0)
        for _ in range(20):
            sender.send()
        arrived_count = len(receiver.requests)
        with read_transaction(facts.engine) as connection:
            seconds = database_seconds(connection)
        waits = facts.subscribers.get(subscriber.id).resumes_at - seconds
        receiver.answering = answer(200)
        facts.subscribers.resume(subscriber.id)
        run_until(sender, lambda: set(states(facts, subscriber.id).values()) == {"delivered"})

    assert arrived_count == 1
    assert 3500 < waits <= 3600


def test_a_receiver_that_hangs_holds_up_no_other(facts: Facts, receiver: Receiver) -> None:
    """Each subscriber has attempts of its own."""
    with receiving() as hanging:

        def hang(*_: object) -> None:
            hanging.closing.wait(3)

        hanging.answering = hang
        slow, _ = facts.subscribers.add(hanging.url, ["*"])
        good, _ = facts.subscribers.add(receiver.url, ["*"])
        for subscriber in (slow, good):
            facts.deliveries.add(subscriber.id, [due(n) for n in range(40)])
        with sending(facts, timeout_seconds=1.0) as sender:
            started = time.monotonic()
            run_until(sender, lambda: facts.subscribers.get(good.id).delivered == 40)
            seconds = time.monotonic() - started
            run_until(sender, lambda: facts.subscribers.get(slow.id).failed >= 8)

    assert seconds < 1.0
    assert {each.outcome for each in facts.attempts.list(subscriber=slow.id).items} == {"failed"}


def test_stopping_records_what_was_begun_and_gives_back_the_rest(
    facts: Facts, receiver: Receiver
) -> None:
    """So that nothing is sent twice for it, and nothing waits for the sender to expire."""

    def slowly(handler: BaseHTTPRequestHandler, number: int) -> None:
        time.sleep(0.3)
        answer(200)(handler, number)

    receiver.answering = slowly
    subscriber, _ = facts.subscribers.add(receiver.url, ["*"], concurrency=2)
    facts.deliveries.add(subscriber.id, [due(n) for n in range(10)])

    with sending(facts) as sender:
        run_until(sender, lambda: len(receiver.requests) == 2)
    listed = facts.deliveries.list(subscriber=subscriber.id)

    delivered = {each.notification for each in listed if each.state == "delivered"}
    assert delivered == set(receiver.ids)
    assert [each.due_at for each in listed if each.state == "pending"].count(None) == 0


def test_a_pause_reaches_what_was_claimed(facts: Facts, receiver: Receiver) -> None:
    """What waits in the sender's memory is given back."""

    def slowly(handler: BaseHTTPRequestHandler, number: int) -> None:
        time.sleep(0.1)
        answer(200)(handler, number)

    receiver.answering = slowly
    subscriber, _ = facts.subscribers.add(receiver.url, ["*"], concurrency=1)
    facts.deliveries.add(subscriber.id, [due(n) for n in range(10)])

    with sending(facts) as sender:
        run_until(sender, lambda: len(receiver.requests) == 1)
        facts.subscribers.pause(subscriber.id)
        run_until(sender, sender.is_idle)
        with read_transaction(facts.engine) as connection:
            query = DELIVERIES.select().where(DELIVERIES.c.sender.is_not(None))
            claimed = connection.execute(query).all()

    assert claimed == []
    assert len(receiver.requests) <= 2
    assert set(states(facts, subscriber.id).values()) == {"delivered", "pending"}
