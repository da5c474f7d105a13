"""Killed at every step of an append: the retry's response says whether the event was stored."""

from __future__ import annotations

import multiprocessing
import signal

import pytest

from api.serve.address import accepts_connections, free_port
from ledger import Delivery, Ledger, read_delivery, verify
from tests.cli.processes import eventually
from tests.durability.dying import COMMITTED, STEPS, serve
from tests.durability.traffic import bodies, post

# A fork has all modules loaded, which takes a second.
FORK = multiprocessing.get_context("fork")


@pytest.mark.parametrize("step", STEPS)
def test_killed_at(ledger_url: str, step: str) -> None:
    """Before the commit nothing happened and the retry is stored; after it, it is a duplicate."""
    _, sent = next(bodies())

    # Before this process connects: neither database's connections survive a fork.
    assert killed_at(step, ledger_url, sent) == -signal.SIGKILL
    ledger = Ledger.open(ledger_url)
    assert ledger.log.head().position == (1 if step == COMMITTED else 0)
    [result] = ledger.append([Delivery(sent, "webhook", 2, read_delivery(sent))])
    assert result.status == ("duplicate" if step == COMMITTED else "stored")
    assert result.position == 1
    assert verify(ledger).problems == []
    ledger.close()


def killed_at(step: str, url: str, sent: bytes) -> int | None:
    """Post to a process that dies without answering; returns its exit code."""
    port = free_port()
    process = FORK.Process(target=serve, args=(url, port, step))
    process.start()
    try:
        eventually(lambda: accepts_connections("127.0.0.1", port) or not process.is_alive(), "up")
        assert post(port, sent).status == 0
        process.join(30)
        return process.exitcode
    finally:
        process.kill()
        process.join()
