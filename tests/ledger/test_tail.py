"""Writers that dawdle between insert and commit, and a reader that must miss nothing."""

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
from tests.ledger.facts import body, delivered

WRITERS, BATCHES, SIZE = 4, 12, 3


@contextmanager
def dawdling(engine: Engine, seed: int) -> Iterator[None]:
    """Each commit on the engine waits a while first, and now and then it fails."""
    chance = random.Random(seed)

    def wait(_: object) -> None:
        time.sleep(chance.random() * 0.01)
        if chance.random() < 0.1:
            raise OSError("the disk is full")

    event.listen(engine, "commit", wait)
    try:
        yield
    finally:
        event.remove(engine, "commit", wait)


def write(ledger: Ledger, writer: int) -> None:
    """Append batches that overlap with the neighbour's; what fails is sent again."""
    with dawdling(ledger.engine, writer):
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
    others = [Ledger.open(store_url, lock_timeout_ms=20_000) for _ in range(WRITERS)]
    threads = [
        threading.Thread(target=write, args=(other, number)) for number, other in enumerate(others)
    ]
    seen: list[int] = []
    ids: list[str] = []
    for thread in threads:
        thread.start()
    while True:
        is_over = not any(thread.is_alive() for thread in threads)
        head = ledger.log.head().position
        entries = ledger.log.after(seen[-1] if seen else 0, 7)
        seen += [entry.position for entry in entries]
        ids += [entry.event_id for entry in entries]
        # What the head promised before was there to be read.
        assert not entries or len(entries) == 7 or seen[-1] >= head
        if is_over and not entries:
            break
    total = WRITERS * BATCHES * SIZE + 1

    assert seen == list(range(1, total + 1))
    assert sorted(ids) == sorted(f"evt_{number}" for number in range(total))
    assert ledger.log.head().position == total
    assert verify(ledger).problems == []
    for one in (ledger, *others):
        one.close()


@pytest.mark.parametrize(
    "words",
    ["FROM ledger_events_head", "WHERE event_id", "INSERT INTO", "UPDATE ledger_events_head"],
)
def test_a_crash_at_any_statement_of_an_append_leaves_no_gap(ledger: Ledger, words: str) -> None:
    """Whatever was done of it is undone, and the next append takes the same positions."""
    ledger.append([delivered(body(1))])

    def crash(statement: str) -> None:
        if words in statement:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), between(before=crash):
        ledger.append([delivered(body(2)), delivered(body(3))])

    assert ledger.log.head().position == 1
    assert [a.position for a in ledger.append([delivered(body(3)), delivered(body(4))])] == [2, 3]
    assert verify(ledger).problems == []


def test_a_commit_that_fails_lets_go_of_the_lock(
    ledger: Ledger, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver cannot commit: the request is told so, and neither others nor the next wait."""
    other = Ledger.open(store_url, lock_timeout_ms=500)
    dialect, attempts = ledger.engine.dialect, itertools.count()
    commit = dialect.do_commit

    def fails_once(connection: PoolProxiedConnection) -> None:
        if next(attempts) == 0:
            raise dialect.loaded_dbapi.OperationalError("disk I/O error")
        commit(connection)

    monkeypatch.setattr(dialect, "do_commit", fails_once)
    with pytest.raises(StoreUnavailable):
        ledger.append([delivered(body(1))])

    assert other.append([delivered(body(2))])[0].position == 1
    assert ledger.append([delivered(body(1))])[0].position == 2
    other.close()


def test_a_lock_that_somebody_holds_is_waited_for_and_then_told(store_url: str) -> None:
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
