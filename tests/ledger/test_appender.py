"""Group commit: every request gets its own result, whatever the others of its batch get."""

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
from tests.ledger.deliveries import body, delivered


@pytest.fixture
def appender(ledger: Ledger) -> Iterator[Appender]:
    appender = Appender(ledger, queue_max=100)
    yield appender
    appender.close()


class PausedAppender:
    """Pauses an appender at its first commit: deliveries submitted meanwhile form one batch."""

    def __init__(self, ledger: Ledger, appender: Appender) -> None:
        self.engine = ledger.append_engine
        self.is_reached, self.resume = threading.Event(), threading.Event()
        event.listen(self.engine, "commit", self.wait, once=True)
        self.first = appender.submit(delivered(body(1000)))
        assert self.is_reached.wait(10)

    def wait(self, _: object) -> None:
        self.is_reached.set()
        assert self.resume.wait(10)


def test_each_delivery_gets_its_own_result(ledger: Ledger, appender: Appender) -> None:
    """Stored, duplicate, conflict and quarantined, in one batch and in the order of submission."""
    paused = PausedAppender(ledger, appender)
    bodies = [body(1), body(1), body(2), b"[]", body(1, pending_webhooks=3), body(1, more=1),
            body(1, type="charge.updated")]  # fmt: skip
    futures = [appender.submit(delivered(each)) for each in bodies]
    paused.resume.set()
    results = [future.result(10) for future in futures]

    assert paused.first.result(10).position == 1
    assert [appended.status for appended in results] == [
        "stored", "duplicate", "stored", "quarantined", "duplicate", "duplicate", "quarantined",
    ]  # fmt: skip
    assert [appended.position for appended in results] == [2, 2, 3, 4, 2, 2, 5]
    assert [appended.conflict for appended in results] == [False] * 5 + [True, False]
    assert [appended.reason for appended in results if appended.reason] == [
        "not_an_event",
        "id_reuse",
    ]


@pytest.mark.parametrize(
    ("value", "equal_value"), [(1, True), (0, False), (1, 1.0), (None, ""), ([], {})]
)
def test_values_that_python_calls_equal_are_a_conflict(
    ledger: Ledger, value: Any, equal_value: Any
) -> None:
    """A duplicate whose body differs is a conflict, however small the difference."""
    first, same, different = ledger.append(
        [delivered(body(1, more=more)) for more in (value, value, equal_value)]
    )

    assert [first.conflict, same.conflict, different.conflict] == [False, False, True]


def test_one_bad_row_fails_alone(ledger: Ledger, appender: Appender) -> None:
    """A row that the database itself refuses fails its own request and no other of the batch."""
    paused = PausedAppender(ledger, appender)
    good = [appender.submit(delivered(body(number))) for number in range(5)]
    # NOT NULL in the database: no such delivery gets past `read_delivery`.
    fact = delivered(body(50)).fact
    bad = appender.submit(Delivery(body(50), "webhook", 1, replace(fact, created=None)))  # type: ignore[arg-type]
    more = [appender.submit(delivered(body(number))) for number in range(5, 9)]
    paused.resume.set()

    assert isinstance(bad.exception(10), StoreUnavailable)
    assert [future.result(10).status for future in (*good, *more)] == ["stored"] * 9
    assert ledger.log.head().position == 10
    assert verify(ledger).problems == []


def test_a_commit_that_fails_fails_its_whole_batch_and_no_later_one(
    ledger: Ledger, appender: Appender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No row of the batch is stored, each request gets the error, and the next batch succeeds."""
    paused = PausedAppender(ledger, appender)
    failures = iter([OSError("the disk is full")])

    def commit(connection: PoolProxiedConnection) -> None:
        for failure in failures:
            raise failure
        connection.commit()

    failing = [appender.submit(delivered(body(number))) for number in range(3)]
    commits = itertools.count()
    monkeypatch.setattr(
        ledger.append_engine.dialect,
        "do_commit",
        lambda connection: commit(connection) if next(commits) else connection.commit(),
    )
    paused.resume.set()

    assert all(isinstance(future.exception(10), StoreUnavailable) for future in failing)
    retries = [appender.submit(delivered(body(number))) for number in range(3)]
    assert [future.result(10).position for future in retries] == [2, 3, 4]


def test_a_full_queue_refuses_at_once(ledger: Ledger) -> None:
    """More than `queue_max` deliveries are refused; those that were accepted are written."""
    appender = Appender(ledger, queue_max=4)
    paused = PausedAppender(ledger, appender)
    accepted = [appender.submit(delivered(body(number))) for number in range(3)]

    assert appender.depth == 4
    with pytest.raises(QueueFull):
        appender.submit(delivered(body(4)))
    paused.resume.set()
    assert [future.result(10).status for future in accepted] == ["stored"] * 3
    assert appender.submit(delivered(body(4))).result(10).status == "stored"
    assert appender.depth == 0
    appender.close()


def test_closing_commits_what_waits_and_refuses_more(ledger: Ledger) -> None:
    """Every future is done when `close` returns; closing again does nothing."""
    appender = Appender(ledger, batch_max=2)
    futures = [appender.submit(delivered(body(number))) for number in range(9)]
    appender.close()

    assert [future.is_done() and future.result().status for future in futures] == ["stored"] * 9
    with pytest.raises(QueueFull):
        appender.submit(delivered(body(100)))
    appender.close()


def test_no_future_hangs_after_close(ledger: Ledger) -> None:
    """Requests that race with `close` get a result or QueueFull; none waits for ever."""
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


def test_a_request_that_timed_out_is_written_all_the_same(
    ledger: Ledger, appender: Appender
) -> None:
    """A wait can time out; the delivery is written all the same, and so are those after it."""
    paused = PausedAppender(ledger, appender)
    abandoned = appender.submit(delivered(body(1)))
    with pytest.raises(TimeoutError):
        abandoned.result(0.01)
    after = appender.submit(delivered(body(2)))
    paused.resume.set()

    assert after.result(10).status == "stored"
    assert abandoned.is_done()
    assert appender.submit(delivered(body(1))).result(10).status == "duplicate"


def test_the_hook_is_called_for_each_batch(ledger: Ledger) -> None:
    """`on_batch` gets each batch's size and how long it took."""
    calls: list[tuple[int, float]] = []
    appender = Appender(ledger, on_batch=lambda size, seconds: calls.append((size, seconds)))
    paused = PausedAppender(ledger, appender)
    futures = [appender.submit(delivered(body(number))) for number in range(7)]
    paused.resume.set()
    for future in futures:
        future.result(10)
    appender.close()

    assert [size for size, _ in calls] == [1, 7]
    assert all(seconds > 0 for _, seconds in calls)


def test_a_batch_ends_with_its_bytes(ledger: Ledger) -> None:
    """However many wait: a batch of large bodies goes in parts, and one too large for any alone."""
    sizes: list[int] = []
    appender = Appender(ledger, batch_bytes=10_000, on_batch=lambda size, _: sizes.append(size))
    paused = PausedAppender(ledger, appender)
    bodies = [body(number, more="x" * 3000) for number in range(9)]
    bodies.insert(4, body(50, more="x" * 30_000))
    futures = [appender.submit(delivered(each)) for each in bodies]
    paused.resume.set()

    assert [future.result(10).position for future in futures] == list(range(2, 12))
    appender.close()
    assert sizes == [1, 4, 1, 4, 1]
    assert verify(ledger).problems == []
