"""A host that freezes while it holds the log's lock: the others append again within seconds."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator

import pytest

from ledger import Delivery, Ledger, StoreUnavailable, read_delivery
from tests.databases import on_postgresql
from tests.durability.traffic import bodies

pytestmark = pytest.mark.slow

_FORK = multiprocessing.get_context("fork")


def freeze(url: str) -> None:
    """Take the lock that every append takes, and stop there as a frozen host does."""
    ledger = Ledger.open(url)
    with ledger._recorder.critical_section():
        os.kill(os.getpid(), signal.SIGSTOP)


@pytest.fixture
def frozen(ledger_url: str) -> Iterator[int]:
    """The id of a process that is frozen inside the critical section."""
    process = _FORK.Process(target=freeze, args=(ledger_url,))
    process.start()
    assert process.pid is not None
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    yield process.pid
    os.kill(process.pid, signal.SIGKILL)
    os.waitpid(process.pid, 0)


@on_postgresql
def test_others_append_again_within_ten_seconds(ledger_url: str, frozen: int) -> None:
    """The server ends the frozen session; until then an append is told to come again."""
    ledger = Ledger.open(ledger_url, lock_timeout_ms=1000)
    _, body = next(bodies())
    delivery = Delivery(body, "webhook", 1, read_delivery(body))
    started, refused = time.monotonic(), 0
    while True:
        try:
            (appended,) = ledger.append([delivery])
        except StoreUnavailable:
            refused += 1
        else:
            break
    seconds = time.monotonic() - started
    ledger.close()

    assert (appended.status, appended.position) == ("stored", 1)
    assert refused
    assert seconds < 10
