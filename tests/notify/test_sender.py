"""The sender: what is due is sent, in order, again after failures, and by one sender at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler

import pytest
from sqlalchemy import update

from api.notify.addresses import DEFAULT_NETWORKS, Networks
from api.notify.claims import Claims
from api.notify.deliver import by_http
from api.notify.http import Http
from api.notify.results import RETRY_SECONDS, Result, record
from api.notify.sender import Sender
from api.notify.standing import PAUSE_SECONDS
from api.notify.tables import DELIVERIES, SENDERS, SUBSCRIBERS
from ledger.database import read_transaction, write_transaction
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
    client = Http(Networks.read(DEFAULT_NETWORKS), timeout_seconds=timeout_seconds)
    sender = Sender(facts.engine, by_http(client))
    with closing(client):
        yield sender
        sender.close(_SECONDS_MAX)


def run_until(sender: Sender, is_done: Callable[[], bool]) -> None:
    """Let it send until something is so."""
    deadline = time.monotonic() + _SECONDS_MAX
    while not is_done():
        assert time.monotonic() < deadline
        sender.step(0.01)


def states(facts: Facts, subscriber: str) -> dict[str, str]:
    """The state of each delivery."""
    listed = facts.deliveries.list(subscriber=subscriber, limit=1000)
    return {each.notification: each.state for each in listed}


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
            sender.step(0.01)
        stopped = facts.subscribers.get(subscriber.id)
        arrived_count = len(receiver.requests)
        receiver.answering = answer(200)
        facts.subscribers.resume(subscriber.id)
        run_until(sender, lambda: set(states(facts, subscriber.id).values()) == {"delivered"})

    assert "410" in str(stopped.reason)
    assert arrived_count <= 2
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
            sender.step(0.01)
        arrived_count = len(receiver.requests)
        with read_transaction(facts.engine) as connection:
            seconds = database_seconds(connection)
        waits = facts.subscribers.get(subscriber.id).resumes_at - seconds
        receiver.answering = answer(200)
        facts.subscribers.resume(subscriber.id)
        run_until(sender, lambda: set(states(facts, subscriber.id).values()) == {"delivered"})

    assert arrived_count <= 2
    assert 3500 < waits <= 3600


def test_retries_then_given_up_then_the_next(facts: Facts) -> None:
    """After each failure it waits as long as is said, give or take a tenth; after the tenth it is
    given up, and the next of its row is due."""
    subscriber, _ = facts.subscribers.add("https://shop.example", ["*"])
    facts.deliveries.add(subscriber.id, [due(1, "a"), due(2, "a")])
    claims, delays = Claims(facts.engine), list[float]()

    for number in range(len(RETRY_SECONDS) + 1):
        [claimed] = claims.claim({subscriber.id: 9})
        assert (claimed.notification, claimed.attempt) == ("ntf_1", number + 1)
        with write_transaction(facts.engine) as connection:
            recorded = record(connection, claims.owner, [Result(claimed, 0, 1, "failed")])
            seconds = database_seconds(connection)
        [waiting] = facts.deliveries.list(notification="ntf_1")
        if waiting.due_at is not None:
            delays.append(waiting.due_at - seconds)
            facts.deliveries.retry("ntf_1")

    assert recorded.given_up == 1 and waiting.state == "given_up"
    assert len(delays) == len(RETRY_SECONDS)
    for delay, wanted in zip(delays, RETRY_SECONDS, strict=True):
        assert 0.89 * wanted - 1 < delay < 1.11 * wanted
    assert [each.notification for each in claims.claim({subscriber.id: 9})] == ["ntf_2"]
    assert facts.deliveries.given_up() == {subscriber.id: 1}


def test_three_days_of_failures_pause(facts: Facts) -> None:
    """And say why; one delivery in between and it goes on."""
    subscriber, _ = facts.subscribers.add("https://shop.example", ["*"])
    facts.deliveries.add(subscriber.id, [due(n) for n in range(4)])
    claims = Claims(facts.engine)
    claimed = claims.claim({subscriber.id: 9})

    def end(number: int, outcome: str) -> tuple[str, str | None]:
        with write_transaction(facts.engine) as connection:
            result = Result(claimed[number], 0, 1, outcome)  # type: ignore[arg-type]
            record(connection, claims.owner, [result])
            connection.execute(
                update(SUBSCRIBERS).values(
                    failing_since=SUBSCRIBERS.c.failing_since - PAUSE_SECONDS / 2 - 1
                )
            )
        state = facts.subscribers.get(subscriber.id)
        return state.state, state.reason

    assert end(0, "failed") == ("active", None)
    assert end(1, "delivered") == ("active", None)
    assert end(2, "failed") == ("active", None)
    with write_transaction(facts.engine) as connection:
        connection.execute(
            update(SUBSCRIBERS).values(failing_since=SUBSCRIBERS.c.failing_since - PAUSE_SECONDS)
        )
    state, reason = end(3, "failed")
    assert state == "paused" and "three days" in str(reason)


def test_two_senders_never_claim_the_same(facts: Facts) -> None:
    """What one has, the other does not get; what it gives back, it does."""
    subscriber, _ = facts.subscribers.add("https://shop.example", ["*"])
    facts.deliveries.add(subscriber.id, [due(n) for n in range(10)])
    first, second = Claims(facts.engine), Claims(facts.engine)

    a, b = first.claim({subscriber.id: 6}), second.claim({subscriber.id: 6})
    first.release(a[:3])
    again = second.claim({subscriber.id: 6})

    assert (len(a), len(b)) == (6, 4)
    assert {each.notification for each in (*a, *b)} == {f"ntf_{n}" for n in range(10)}
    assert [each.notification for each in again] == [each.notification for each in a[:3]]


def test_a_dead_senders_work_is_taken_up_and_its_late_result_is_none(facts: Facts) -> None:
    """Who had it may live after all: the result of a claim that was taken counts for nothing."""
    subscriber, _ = facts.subscribers.add("https://shop.example", ["*"])
    facts.deliveries.add(subscriber.id, [due(1)])
    dead, living = Claims(facts.engine), Claims(facts.engine)
    [claimed] = dead.claim({subscriber.id: 9})
    nothing = living.claim({subscriber.id: 9})
    with write_transaction(facts.engine) as connection:
        its = SENDERS.c.owner == dead.owner
        connection.execute(update(SENDERS).where(its).values(heartbeat=0.0))
    living.heartbeat()

    [taken] = living.claim({subscriber.id: 9})
    with write_transaction(facts.engine) as connection:
        late = record(connection, dead.owner, [Result(claimed, 0, 1, "delivered")])
        earlier = record(connection, living.owner, [Result(claimed, 0, 1, "delivered")])
        in_time = record(connection, living.owner, [Result(taken, 0, 1, "delivered")])

    assert nothing == []
    assert [len(each.results) for each in (late, earlier, in_time)] == [0, 0, 1]
    assert len(facts.attempts.list().items) == 1


def test_senders_share_what_is_allowed_at_once(facts: Facts) -> None:
    """On PostgreSQL the parts add up; on SQLite the first has all until it leaves."""
    senders = [Claims(facts.engine) for _ in range(3)]
    for sender in senders:
        sender.heartbeat()
    parts = [sender.heartbeat().of(8) for sender in senders]
    senders[0].leave()
    after = [sender.heartbeat().of(8) for sender in senders[1:]]

    assert sum(parts) == sum(after) == 8
    if facts.engine.dialect.name == "sqlite":
        assert (parts, after) == ([8, 0, 0], [8, 0])
    else:
        assert sorted(parts) == [2, 3, 3] and after == [4, 4]


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
