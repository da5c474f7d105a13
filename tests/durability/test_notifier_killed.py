"""`ledger notify` killed at random under load: every notification arrives, in its row's order."""

from __future__ import annotations

import itertools
import random
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from api.notify.stores import NotifyStores
from api.notify.subscribers import Subscriber
from ledger import Delivery, Ledger, read_delivery
from projections import Notification
from tests.cli.processes import LEDGER, SECRET, environment
from tests.durability.proof import opened
from tests.durability.traffic import bodies
from tests.notify.receiver import Receiver, receiving
from tests.thorough import KILLS

pytestmark = pytest.mark.slow

_EVENTS = 40
_SECONDS_MAX = 120.0


@contextmanager
def running(command: str, url: str, cwd: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """A command of the ledger; whoever replaces the process in the list has that one ended too."""
    processes = [start(command, url, cwd)]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def start(command: str, url: str, cwd: Path) -> subprocess.Popen[bytes]:
    """Start a command of the ledger."""
    environ = environment(LEDGER_DATABASE_URL=url, STRIPE_WEBHOOK_SECRET=SECRET)
    return subprocess.Popen([*LEDGER, command], cwd=cwd, env=environ)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + _SECONDS_MAX
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_none_is_lost_and_each_row_keeps_its_order(ledger_url: str, tmp_path: Path) -> None:
    """Killed again and again, at any moment, while events come in; nothing comes again once it was
    recorded."""
    chance, events = random.Random(), bodies(11)
    with (
        opened(ledger_url) as (ledger, projections),
        receiving() as receiver,
        closing(NotifyStores.open(ledger, projections)) as stores,
    ):
        stores.create()
        subscriber, _ = stores.subscribers.add(receiver.url, ["*"], history=True)
        with (
            running("follow", ledger_url, tmp_path),
            running("notify", ledger_url, tmp_path) as notifiers,
        ):
            for _ in range(KILLS):
                append(ledger, itertools.islice(events, _EVENTS))
                wait_for_more(receiver)
                time.sleep(chance.uniform(0, 0.5))
                notifiers[0].kill()
                notifiers[0].wait()
                notifiers[0] = start("notify", ledger_url, tmp_path)
            wait_until(lambda: is_done(stores, ledger, subscriber))
        expected = stores.feed.after(0, 1_000_000)
        listed = stores.deliveries.list(subscriber=subscriber.id, limit=1_000_000)

    assert len(expected) > KILLS
    assert {each.id for each in expected} == set(receiver.ids)
    arrivals = list(dict.fromkeys(receiver.ids))
    assert by_row(arrivals, expected) == by_row([each.id for each in expected], expected)
    finished_at = {each.notification: each.finished_at or 0 for each in listed}
    assert [each.id for each in receiver.requests if each.at > finished_at[each.id]] == []


def append(ledger: Ledger, sent: Iterator[tuple[str, bytes]]) -> None:
    """Append events as webhooks bring them."""
    received_at = time.time_ns() // 1000
    ledger.append([Delivery(body, "webhook", received_at, read_delivery(body)) for _, body in sent])


def wait_for_more(receiver: Receiver) -> None:
    """Wait until something more arrives."""
    arrived_count = len(receiver.requests)
    wait_until(lambda: len(receiver.requests) > arrived_count)


def is_done(stores: NotifyStores, ledger: Ledger, subscriber: Subscriber) -> bool:
    """Whether all of the log is in the feed, filled, and delivered."""
    head = ledger.log.head().position
    cursor = stores.subscribers.get(subscriber.id).cursor
    return cursor == head and not stores.deliveries.list(state="pending", limit=1)


def by_row(ids: list[str], expected: list[Notification]) -> dict[bytes, list[str]]:
    """The ids of each row, in the order in which they are given."""
    row_of = {each.id: each.row for each in expected}
    rows: dict[bytes, list[str]] = defaultdict(list)
    for id in ids:
        rows[row_of[id]].append(id)
    return rows
