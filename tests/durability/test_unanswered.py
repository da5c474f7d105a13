"""Killed at every step of an append: what the sender never heard of is told to the next try."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from api.serve.address import accepts_connections, free_port
from ledger import Delivery, Ledger, read_delivery, verify
from tests.cli.processes import SECRET, environment, eventually
from tests.durability.dying import COMMITTED, STEPS
from tests.durability.traffic import bodies, post

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("step", STEPS)
def test_killed_at(ledger_url: str, step: str) -> None:
    """Before the commit nothing happened and the retry is stored; after it, it is a duplicate."""
    ledger = Ledger.open(ledger_url)
    _, sent = next(bodies())

    assert killed_at(step, ledger_url, sent) == -signal.SIGKILL
    assert ledger.log.head().position == (1 if step == COMMITTED else 0)
    [answer] = ledger.append([Delivery(sent, "webhook", 2, read_delivery(sent))])
    assert answer.status == ("duplicate" if step == COMMITTED else "stored")
    assert answer.position == 1
    assert verify(ledger).problems == []
    ledger.close()


def killed_at(step: str, url: str, sent: bytes) -> int:
    """Posts to a process that dies of it unheard; returns how it ended."""
    port = free_port()
    settings = {"LEDGER_DATABASE_URL": url, "STRIPE_WEBHOOK_SECRET": SECRET}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.durability.dying", str(port), step],
        cwd=ROOT,
        env=environment(**settings, PYTHONPATH=str(ROOT)),
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(
            lambda: accepts_connections("127.0.0.1", port) or process.poll() is not None, "up"
        )
        assert post(port, sent).status == 0
        return process.wait(30)
    finally:
        process.kill()
        process.wait()
