"""`ledger stripe fetch`: what it prints, that kill -9 does no harm, and that no key shows."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import inspect

import api.stripe
from api.simulator import histories
from api.simulator.stripe import Key, Stripe
from api.stripe.tables import METADATA
from ledger import Ledger
from tests.cli.processes import LEDGER, environment
from tests.cli.terminal import Terminal
from tests.stripe.conftest import DAY, KEYS, TEST_KEY

PAGES = 40


@dataclass
class Merchant:
    """A ledger that got no webhook, and our own Stripe, which has thirty days of events."""

    terminal: Terminal
    simulator: Stripe
    settings: dict[str, str]
    expected: set[str]

    def ledger(self) -> Ledger:
        return Ledger.open(self.terminal.url)

    def ids(self) -> list[str]:
        """The event ids of the log."""
        ledger = self.ledger()
        try:
            return [event.event_id for event in ledger.log.after(0, 100_000)]
        finally:
            ledger.close()


@pytest.fixture
def merchant(
    ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Merchant]:
    monkeypatch.chdir(tmp_path)
    start = int(time.time()) - 25 * DAY
    stories = list(histories(23, 120, start=start, spacing=3600, keeps_states=True))
    simulator = Stripe(stories, KEYS, rate_max=10_000)
    with simulator.serving() as base:
        settings = {
            "STRIPE_API_KEY": TEST_KEY.secret,
            "STRIPE_API_BASE": base,
            "LEDGER_STRIPE_RATE": "100",
        }
        until = time.time() - 310
        expected = {
            event["id"]
            for story in stories
            for event in story.events
            if event["created"] < until and not event["livemode"]
        }
        yield Merchant(Terminal(ledger_url), simulator, settings, expected)


def test_it_says_what_it_fetched(merchant: Merchant) -> None:
    """By account, then by type what is still awaited or was missed; a second one fetches none."""
    first = merchant.terminal.read("stripe", "fetch", **merchant.settings)
    second = merchant.terminal.read("stripe", "fetch", **merchant.settings)
    text = merchant.terminal.ok("stripe", "fetch", **merchant.settings)

    assert first["fetched"] == len(merchant.ids()) > 300
    assert second["fetched"] == 0
    missed = sum(each["missed"] + each["awaited"] for each in first["types"].values())
    assert missed == first["fetched"]
    assert first["accounts"][0]["account"] is None
    assert "own" in text and "missed" in text


def test_it_says_what_is_missing(merchant: Merchant) -> None:
    """No key, no permission, no Stripe: one line each, and no key in it."""
    terminal, base = merchant.terminal, merchant.settings
    restricted = Key("rk_test_reads_charges_Zq7x", frozenset({"charge_read"}))
    merchant.simulator.api.keys[restricted.secret] = restricted
    without = terminal.run("stripe", "fetch")
    forbidden = terminal.run("stripe", "fetch", **{**base, "STRIPE_API_KEY": restricted.secret})
    wrong = terminal.run("stripe", "fetch", **base, LEDGER_LIVEMODE="true")

    assert (without.exit_code, forbidden.exit_code, wrong.exit_code) == (2, 1, 2)
    assert "STRIPE_API_KEY is missing" in without.output
    assert "event_read" in forbidden.output and "Zq7x" not in forbidden.output
    assert "key of test mode" in wrong.output
    assert "Zq7x" not in terminal.ok("status", **base)


@pytest.mark.slow
def test_kill_9_at_any_page(merchant: Merchant, tmp_path: Path) -> None:
    """Killed at random moments and run again: every event once; the key in no process title."""
    merchant.simulator._delay_seconds = 0.05
    settings = environment(LEDGER_DATABASE_URL=merchant.terminal.url, **merchant.settings)
    chance = random.Random(5)
    killed = 0
    for _ in range(6):
        process = subprocess.Popen([*LEDGER, "stripe", "fetch"], cwd=tmp_path, env=settings)
        requests = len(merchant.simulator.requests)
        stop = requests + chance.randrange(2, 9)
        while process.poll() is None and len(merchant.simulator.requests) < stop:
            time.sleep(0.005)
        if process.poll() is None:
            title = " ".join(psutil.Process(process.pid).cmdline())
            assert TEST_KEY.secret not in title
            os.kill(process.pid, signal.SIGKILL)
            killed += 1
        process.wait()
    merchant.simulator._delay_seconds = 0
    merchant.terminal.ok("stripe", "fetch", **merchant.settings)
    ids = merchant.ids()

    assert killed >= 3
    assert len(ids) == len(set(ids))
    gone = accounts_without_access(merchant)
    assert set(ids) == {id for id in merchant.expected if id not in gone}
    assert json.loads(merchant.terminal.ok("verify", "--json"))["verified"] is True


def accounts_without_access(merchant: Merchant) -> set[str]:
    """The events of accounts that are not connected any more, which Stripe does not list."""
    platform: Any = merchant.simulator.api.platform
    return {
        event["id"]
        for scope, holdings in platform._holdings.items()
        if not platform.is_accessible(scope)
        for event in holdings.events
    }


def test_what_a_start_makes_is_enough(ledger_url: str) -> None:
    """The tables of the sweeps are among those that `ledger serve` makes."""
    ledger = Ledger.open(ledger_url)
    try:
        names = set(inspect(ledger.engine).get_table_names())
    finally:
        ledger.close()

    assert {"ledger_stripe_sweeps", "ledger_stripe_fetched"} <= names


def test_a_start_makes_every_table() -> None:
    """What makes them knows, by itself, all that any module of `api.stripe` declares."""
    for module in pkgutil.iter_modules(api.stripe.__path__):
        importlib.import_module(f"api.stripe.{module.name}")
    code = "import api.config.databases, api.stripe.tables as t; print(*t.METADATA.tables)"
    output = subprocess.check_output([sys.executable, "-c", code], text=True)

    assert set(output.split()) == METADATA.tables.keys()
    assert {"ledger_stripe_thin", "ledger_stripe_backfills"} <= METADATA.tables.keys()
