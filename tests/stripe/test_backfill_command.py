"""`ledger stripe backfill` and `compare`: what they print, kill -9, and that no key shows."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from api.simulator.stripe import Key, Stripe
from ledger import Ledger
from tests.cli.processes import LEDGER, environment
from tests.cli.terminal import Terminal
from tests.stripe.conftest import DAY, KEYS, TEST_KEY
from tests.stripe.merchants import identity, newest_stories


@dataclass
class Side:
    """A ledger without events, and our own Stripe, whose events are all gone."""

    terminal: Terminal
    simulator: Stripe
    settings: dict[str, str]

    def identities(self) -> list[Any]:
        ledger = Ledger.open(self.terminal.url)
        try:
            entries = ledger.log.after(0, 100_000)
            return [identity(json.loads(entry.body)) for entry in entries]
        finally:
            ledger.close()


@pytest.fixture
def side(ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Side]:
    monkeypatch.chdir(tmp_path)
    start = int(time.time()) - 500 * DAY
    simulator = Stripe(newest_stories(23, 60, start=start), KEYS, rate_max=10_000)
    with simulator.serving() as base:
        settings = {"STRIPE_API_KEY": TEST_KEY.secret, "STRIPE_API_BASE": base}
        yield Side(Terminal(ledger_url), simulator, settings)


def test_it_says_what_it_recorded(side: Side) -> None:
    """By account and list; a second one records nothing."""
    options = ("--rate", "100", "--json")
    first = json.loads(
        side.terminal.ok("stripe", "backfill", "payouts", "orders", *options, **side.settings)
    )
    second = json.loads(
        side.terminal.ok("stripe", "backfill", "payouts", *options, **side.settings)
    )
    of_own = {each["listing"]: each for each in first if each["account"] is None}
    assert of_own["/v1/charges"]["recorded"] == of_own["/v1/charges"]["objects"] > 10
    assert sum(each["recorded"] for each in first) == len(side.identities())
    assert sum(each["recorded"] for each in second) == 0 < sum(each["objects"] for each in second)
    text = side.terminal.ok("stripe", "backfill", "payouts", "--account", "self", **side.settings)
    assert "/v1/payouts" in text and "acct_" not in text


def test_what_it_may_not_see_is_told(side: Side) -> None:
    """The permission by its name, the exit code 1, and no key; a kind without a list is refused."""
    some = Key("rk_test_reads_payouts_Zq7x", frozenset({"payout_read"}))
    side.simulator.api.keys[some.secret] = some
    settings = {**side.settings, "STRIPE_API_KEY": some.secret}
    arguments = ("payouts", "refunds", "--rate", "100")
    result = side.terminal.run("stripe", "backfill", *arguments, **settings)
    unlisted = side.terminal.run("stripe", "backfill", "discounts", **settings)
    wrong = side.terminal.run(
        "stripe", "backfill", **{**settings, "STRIPE_API_KEY": "sk_test_wrong_Zq7x"}
    )
    checked = side.terminal.run("stripe", "check", **settings)

    assert (result.exit_code, unlisted.exit_code, wrong.exit_code) == (1, 2, 1)
    assert "charge_read" in result.output and "/v1/payouts" in result.output
    assert "Stripe has no list of discounts" in unlisted.output
    assert "does not accept STRIPE_API_KEY" in wrong.output
    assert "/v1/payouts" in checked.output and "invoice_read" in checked.output
    for each in (result, unlisted, wrong, checked):
        assert "Zq7x" not in each.output
    assert side.identities()


@pytest.mark.slow
def test_kill_9_at_any_page(side: Side, tmp_path: Path) -> None:
    """Killed twice and run again: every object once; the key is in no process title."""
    side.simulator._delay_seconds = 0.05
    settings = environment(LEDGER_DATABASE_URL=side.terminal.url, **side.settings)
    command = [*LEDGER, "stripe", "backfill", "orders", "--rate", "100"]
    killed = 0
    for count in (4, 9):
        before = len(side.simulator.requests)
        process = subprocess.Popen(command, cwd=tmp_path, env=settings)
        while process.poll() is None and len(side.simulator.requests) < before + count:
            time.sleep(0.005)
        if process.poll() is None:
            assert TEST_KEY.secret not in " ".join(psutil.Process(process.pid).cmdline())
            os.kill(process.pid, signal.SIGKILL)
            killed += 1
        process.wait()
    side.simulator._delay_seconds = 0
    side.terminal.ok("stripe", "backfill", "orders", "--rate", "100", **side.settings)
    identities = side.identities()

    assert killed == 2
    assert len(identities) == len(set(identities)) > 50
    assert json.loads(side.terminal.ok("verify", "--json"))["verified"] is True
