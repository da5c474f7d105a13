"""Senders that are killed at random under load: all arrives, in order, and not after it is done."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from api.notify.deliveries import Deliveries
from api.notify.subscribers import Subscribers
from api.notify.tables import create_tables
from ledger import BATCHES, database_url
from ledger.database import open_engine
from tests.notify.conftest import TYPES, due
from tests.notify.receiver import Receiver, receiving
from tests.thorough import KILLS

pytestmark = pytest.mark.slow

_ROWS = 40
_BATCH = 60
_SECONDS_MAX = 120.0


def start(url: str) -> subprocess.Popen[bytes]:
    """A process that sends."""
    command = [sys.executable, "-m", "tests.durability.sending", url, str(os.getpid())]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2])


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + _SECONDS_MAX
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _wait_for_more(receiver: Receiver) -> None:
    """Wait until something more arrives."""
    arrived_count = len(receiver.requests)
    wait_until(lambda: len(receiver.requests) > arrived_count)


def test_nothing_is_lost_and_each_row_keeps_its_order(store_url: str) -> None:
    """Two senders, one of which is killed at any moment, again and again, while more becomes due.

    On SQLite the other takes up the work of the first, which alone sends.
    """
    chance = random.Random()
    engine = open_engine(database_url(store_url), limits=BATCHES, pool_size=5)
    create_tables(engine)
    subscribers = Subscribers(engine, head=lambda: 0, types=TYPES)
    deliveries, count = Deliveries(engine), 0
    with receiving() as receiver:
        subscriber, _ = subscribers.add(receiver.url, ["*"])
        processes = [start(store_url), start(store_url)]
        try:
            for _ in range(KILLS):
                new = [due(n, f"row {n % _ROWS}") for n in range(count, count + _BATCH)]
                deliveries.add(subscriber.id, new)
                count += _BATCH
                _wait_for_more(receiver)
                time.sleep(chance.uniform(0, 0.2))
                killed = chance.randrange(2)
                processes[killed].kill()
                processes[killed].wait()
                processes[killed] = start(store_url)
            wait_until(lambda: subscribers.get(subscriber.id).delivered == count)
        finally:
            for process in processes:
                process.kill()
                process.wait()
    listed = deliveries.list(subscriber=subscriber.id, limit=10 * count)
    engine.dispose()

    numbers = [int(id.removeprefix("ntf_")) for id in receiver.ids]
    assert sorted(set(numbers)) == list(range(count))
    assert {each.state for each in listed} == {"delivered"} and len(listed) == count
    first_arrivals: dict[int, list[int]] = defaultdict(list)
    for number in dict.fromkeys(numbers):
        first_arrivals[number % _ROWS].append(number)
    assert all(its == sorted(its) for its in first_arrivals.values())
    # Again is sent only what was not recorded when its sender was killed.
    finished_at = {each.notification: each.finished_at or 0 for each in listed}
    assert [each.id for each in receiver.requests if each.at > finished_at[each.id]] == []
