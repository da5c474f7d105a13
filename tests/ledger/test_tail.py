"""Writers that pause between insert and commit, and a reader that must miss nothing."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, PoolProxiedConnection, event, text

from ledger import Ledger, StoreUnavailable, verify
from tests.driver import between
from tests.ledger.deliveries import body, delivered

WRITERS, BATCHES, SIZE = 4, 12, 3


@contextmanager
def slow_commits(engine: Engine, seed: int) -> Iterator[None]:
    """Each commit on the engine waits up to 10 ms after the inserts; one in ten fails."""
    rng = random.Random(seed)

    def wait(_: object) -> None:
        time.sleep(rng.random() * 0.01)
        if rng.random() < 0.1:
            raise OSError("the disk is full")

    event.listen(engine, "commit", wait)
    try:
        yield
    finally:
        event.remove(engine, "commit", wait)


def write(ledger: Ledger, writer: int) -> None:
    """Append batches that overlap with another writer's; a batch that fails is sent again."""
    with slow_commits(ledger.append_engine, writer):
        for batch in range(BATCHES):
            first = (batch * WRITERS + writer) * SIZE
            deliveries = [delivered(body(number)) for number in range(first, first + SIZE + 1)]
            while True:
                try:
                    ledger.append(deliveries)
                    break
                except StoreUnavailable:
                    continue


def test_a_reader_at_the_tail_sees_every_position_once_in_order(store_url: str) -> None:
    """Four writers, failing commits, overlapping events: no gap is ever seen, and none is left."""
    ledger = Ledger.open(store_url, create=True)
    writers = [Ledger.open(store_url, lock_timeout_ms=20_000) for _ in range(WRITERS)]
    threads = [
        threading.Thread(target=write, args=(writer, number))
        for number, writer in enumerate(writers)
    ]
    seen: list[int] = []
    ids: list[str] = []
    for thread in threads:
        thread.start()
    while True:
        is_finished = not any(thread.is_alive() for thread in threads)
        head = ledger.log.head().position
        events = ledger.log.after(seen[-1] if seen else 0, 7)
        seen += [event.position for event in events]
        ids += [event.event_id for event in events]
        # Every position up to the head as it was could be read.
        assert not events or len(events) == 7 or seen[-1] >= head
        if is_finished and not events:
            break
    total = WRITERS * BATCHES * SIZE + 1

    assert seen == list(range(1, total + 1))
    assert sorted(ids) == sorted(f"evt_{number}" for number in range(total))
    assert ledger.log.head().position == total
    assert verify(ledger).problems == []
    for opened in (ledger, *writers):
        opened.close()


@pytest.mark.parametrize(
    "words",
    ["FROM ledger_events_head", "WHERE event_id", "INSERT INTO", "UPDATE ledger_events_head"],
)
def test_a_crash_at_any_statement_of_an_append_leaves_no_gap(ledger: Ledger, words: str) -> None:
    """The append is rolled back, and the next one takes the same positions."""
    ledger.append([delivered(body(1))])

    def crash(statement: str) -> None:
        if words in statement:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), between(before=crash):
        ledger.append([delivered(body(2)), delivered(body(3))])

    assert ledger.log.head().position == 1
    assert [row.position for row in ledger.append([delivered(body(3)), delivered(body(4))])] == [
        2,
        3,
    ]
    assert verify(ledger).problems == []


def test_a_commit_that_fails_releases_the_lock(
    ledger: Ledger, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver cannot commit: the append raises, and no other append waits for it."""
    second = Ledger.open(store_url, lock_timeout_ms=500)
    dialect, attempts = ledger.append_engine.dialect, itertools.count()
    commit = dialect.do_commit

    def fails_once(connection: PoolProxiedConnection) -> None:
        if next(attempts) == 0:
            raise dialect.loaded_dbapi.OperationalError("disk I/O error")
        commit(connection)

    monkeypatch.setattr(dialect, "do_commit", fails_once)
    with pytest.raises(StoreUnavailable):
        ledger.append([delivered(body(1))])

    assert second.append([delivered(body(2))])[0].position == 1
    assert ledger.append([delivered(body(1))])[0].position == 2
    second.close()


def test_an_append_waits_for_the_head_and_then_fails(store_url: str) -> None:
    """An append behind a held head ends in StoreUnavailable, and works once the head is free."""
    ledger = Ledger.open(store_url, create=True)
    hasty = Ledger.open(store_url, lock_timeout_ms=100)
    with ledger.engine.connect().execution_options(ledger_immediate=True) as holder:
        with holder.begin():
            lock = "" if ledger.engine.dialect.name == "sqlite" else " FOR UPDATE"
            holder.execute(text(f"SELECT position FROM ledger_events_head{lock}"))
            with pytest.raises(StoreUnavailable):
                hasty.append([delivered(body(1))])
        assert hasty.append([delivered(body(1))])[0].position == 1
    hasty.close()
    ledger.close()
