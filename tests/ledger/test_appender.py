"""Group commit: every request learns its own fate, whatever becomes of its neighbours."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import PoolProxiedConnection, event

from ledger import Appended, Appender, Delivery, Ledger, QueueFull, StoreUnavailable, verify
from ledger.appender import Pending
from tests.ledger.facts import body, delivered


@pytest.fixture
def appender(ledger: Ledger) -> Iterator[Appender]:
    appender = Appender(ledger, queue_max=100)
    yield appender
    appender.close()


class Held:
    """Holds the appender back at its first commit, so that what comes meanwhile is one batch."""

    def __init__(self, ledger: Ledger, appender: Appender) -> None:
        self.engine = ledger.engine
        self.reached, self.go = threading.Event(), threading.Event()
        event.listen(self.engine, "commit", self.wait, once=True)
        self.first = appender.submit(delivered(body(1000)))
        assert self.reached.wait(10)

    def wait(self, _: object) -> None:
        self.reached.set()
        assert self.go.wait(10)


def test_each_future_tells_its_own_deliverys_fate(ledger: Ledger, appender: Appender) -> None:
    """Stored, duplicate, conflict and quarantined, in one batch and in the order handed over."""
    held = Held(ledger, appender)
    sent = [body(1), body(1), body(2), b"[]", body(1, pending_webhooks=3), body(1, more=1),
            body(1, type="charge.updated")]  # fmt: skip
    futures = [appender.submit(delivered(one)) for one in sent]
    held.go.set()
    told = [future.result(10) for future in futures]

    assert held.first.result(10).position == 1
    assert [answer.status for answer in told] == [
        "stored", "duplicate", "stored", "quarantined", "duplicate", "duplicate", "quarantined",
    ]  # fmt: skip
    assert [answer.position for answer in told] == [2, 2, 3, 4, 2, 2, 5]
    assert [answer.conflict for answer in told] == [False] * 5 + [True, False]
    assert [answer.reason for answer in told if answer.reason] == ["not_an_event", "id_reuse"]


@pytest.mark.parametrize(("one", "other"), [(1, True), (0, False), (1, 1.0), (None, ""), ([], {})])
def test_what_python_takes_for_equal_is_a_conflict(ledger: Ledger, one: Any, other: Any) -> None:
    """A body that came again otherwise is told of, however small the difference."""
    first, again, otherwise = ledger.append(
        [delivered(body(1, more=more)) for more in (one, one, other)]
    )

    assert [first.conflict, again.conflict, otherwise.conflict] == [False, False, True]


def test_one_bad_row_fails_alone(ledger: Ledger, appender: Appender) -> None:
    """What the database itself refuses fails its own request and no other of the batch."""
    held = Held(ledger, appender)
    good = [appender.submit(delivered(body(number))) for number in range(5)]
    # NOT NULL in the database: no such delivery gets past `read_delivery`.
    fact = delivered(body(50)).fact
    bad = appender.submit(Delivery(body(50), "webhook", 1, replace(fact, type=None)))  # type: ignore[arg-type]
    more = [appender.submit(delivered(body(number))) for number in range(5, 9)]
    held.go.set()

    assert isinstance(bad.exception(10), StoreUnavailable)
    assert [future.result(10).status for future in (*good, *more)] == ["stored"] * 9
    assert ledger.log.head().position == 10
    assert verify(ledger).problems == []


def test_a_commit_that_fails_fails_its_whole_batch_and_no_later_one(
    ledger: Ledger, appender: Appender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the batch is there, each request is told so, and the next batch goes through."""
    held = Held(ledger, appender)
    failures = iter([OSError("the disk is full")])

    def commit(connection: PoolProxiedConnection) -> None:
        for failure in failures:
            raise failure
        connection.commit()

    failing = [appender.submit(delivered(body(number))) for number in range(3)]
    first = itertools.count()
    monkeypatch.setattr(
        ledger.engine.dialect,
        "do_commit",
        lambda connection: commit(connection) if next(first) else connection.commit(),
    )
    held.go.set()

    assert all(isinstance(future.exception(10), StoreUnavailable) for future in failing)
    again = [appender.submit(delivered(body(number))) for number in range(3)]
    assert [future.result(10).position for future in again] == [2, 3, 4]


def test_a_full_queue_refuses_at_once(ledger: Ledger) -> None:
    """More than `queue_max` waiting are not taken; those that were taken are written."""
    appender = Appender(ledger, queue_max=4)
    held = Held(ledger, appender)
    taken = [appender.submit(delivered(body(number))) for number in range(3)]

    assert appender.depth == 4
    with pytest.raises(QueueFull):
        appender.submit(delivered(body(4)))
    held.go.set()
    assert [future.result(10).status for future in taken] == ["stored"] * 3
    assert appender.submit(delivered(body(4))).result(10).status == "stored"
    assert appender.depth == 0
    appender.close()


def test_closing_commits_what_waits_and_refuses_what_comes(ledger: Ledger) -> None:
    """Every future handed out before is resolved when `close` returns; closing twice is nothing."""
    appender = Appender(ledger, batch_max=2)
    futures = [appender.submit(delivered(body(number))) for number in range(9)]
    appender.close()

    assert [future.done() and future.result().status for future in futures] == ["stored"] * 9
    with pytest.raises(QueueFull):
        appender.submit(delivered(body(100)))
    appender.close()


def test_no_future_hangs_after_close(ledger: Ledger) -> None:
    """Requests that race with the closing get an answer or QueueFull, never silence."""
    for attempt in range(30):
        appender = Appender(ledger)
        futures: list[Pending] = []
        start = threading.Barrier(5)

        def submit(
            writer: int,
            appender: Appender = appender,
            start: threading.Barrier = start,
            futures: list[Pending] = futures,
            attempt: int = attempt,
        ) -> None:
            start.wait()
            for number in range(40):
                try:
                    futures.append(
                        appender.submit(delivered(body(attempt * 1000 + writer * 100 + number)))
                    )
                except QueueFull:
                    return

        threads = [threading.Thread(target=submit, args=(writer,)) for writer in range(4)]
        for thread in threads:
            thread.start()
        start.wait()
        appender.close()
        for thread in threads:
            thread.join()

        assert all(isinstance(future.result(5), Appended) for future in futures)


def test_a_request_that_gave_up_harms_nobody(ledger: Ledger, appender: Appender) -> None:
    """Who waits too long is told so; its delivery is written all the same, and those after it."""
    held = Held(ledger, appender)
    given_up = appender.submit(delivered(body(1)))
    with pytest.raises(TimeoutError):
        given_up.result(0.01)
    after = appender.submit(delivered(body(2)))
    held.go.set()

    assert after.result(10).status == "stored"
    assert given_up.done()
    assert appender.submit(delivered(body(1))).result(10).status == "duplicate"


def test_a_batch_is_told_of(ledger: Ledger) -> None:
    """The hook hears each batch's size and how long it took."""
    told: list[tuple[int, float]] = []
    appender = Appender(ledger, on_batch=lambda size, seconds: told.append((size, seconds)))
    held = Held(ledger, appender)
    futures = [appender.submit(delivered(body(number))) for number in range(7)]
    held.go.set()
    for future in futures:
        future.result(10)
    appender.close()

    assert [size for size, _ in told] == [1, 7]
    assert all(seconds > 0 for _, seconds in told)
