"""The child process of `ledger serve` that asks Stripe, while there is a key."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.simulator import histories
from api.simulator.stripe import Fault, Scope, Stripe
from api.simulator.thin import thin
from tests.cli.processes import Server, eventually, serving
from tests.stripe.conftest import DAY, KEYS, TEST_KEY

pytestmark = pytest.mark.slow

URL = "https://ledger.example/webhooks/stripe"


@pytest.fixture
def simulator() -> Iterator[tuple[Stripe, dict[str, str]]]:
    """Our own Stripe with twenty days of events, and the settings that lead to it."""
    start = int(time.time()) - 20 * DAY
    simulator = Stripe(list(histories(31, 40, start=start, keeps_states=True)), KEYS)
    with simulator.serving() as base:
        yield (
            simulator,
            {
                "STRIPE_API_KEY": TEST_KEY.secret,
                "STRIPE_API_BASE": base,
                "LEDGER_STRIPE_RATE": "50",
            },
        )


def metric(server: Server, name: str) -> float | None:
    """The sum of a metric's samples; None without any."""
    lines = [line for line in server.text("/metrics").splitlines() if line.startswith(name)]
    return sum(float(line.rpartition(" ")[2]) for line in lines) if lines else None


def test_what_never_arrived_is_fetched(
    tmp_path: Path, simulator: tuple[Stripe, dict[str, str]]
) -> None:
    """Soon after the start; rows show it, a webhook that comes later is a duplicate."""
    own, settings = simulator
    with serving(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path, **settings) as server:
        eventually(lambda: metric(server, "ledger_sweep_age_seconds") is not None, "swept")
        eventually(lambda: server.get("/v1/orders")["data"], "orders show")
        events = own.api.platform.events(Scope(None, False))
        eventually(lambda: len(server.get("/v1/events?limit=100")["data"]) > 50, "in the log")
        assert server.post(events[0]) == "duplicate"
        assert server.get("/v1/events?limit=1")["data"][0]["source"] == "api"
        assert (metric(server, "ledger_events_missed_total") or 0) > 50
        eventually(lambda: server.get("/v1/events?type=ledger.snapshot")["data"], "balance")
        assert metric(server, "ledger_balance_sweep_age_seconds") is not None
        output = server.output_text()
        assert "events_fetched" in output
        titles = " ".join(" ".join(process.cmdline()) for process in server.family())
        assert TEST_KEY.secret not in output + titles
        assert server.end() == 0


def test_what_a_thin_event_is_about_is_fetched(
    tmp_path: Path, simulator: tuple[Stripe, dict[str, str]]
) -> None:
    """Within seconds; the record names the event, and nobody is warned of it."""
    own, settings = simulator
    events = own.api.platform.events(Scope(None, False))
    event = next(each for each in events if each["data"]["object"]["object"] == "charge")
    twin = thin(event)
    assert twin is not None
    with serving(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path, **settings) as server:
        assert server.post(twin) == "stored"
        eventually(
            lambda: server.get("/v1/events?type=ledger.snapshot")["data"], "fetched and recorded"
        )
        eventually(lambda: metric(server, "ledger_thin_events_waiting") == 0, "noted")
        assert metric(server, "ledger_thin_events ") == 1
        output = server.output_text()
        assert "thin_events_followed" in output
        assert "Traceback" not in output and '"event":"thin_event"' not in output
        assert server.end() == 0


def test_the_endpoint_is_watched(tmp_path: Path, simulator: tuple[Stripe, dict[str, str]]) -> None:
    """That Stripe has disabled it, and which types it does not send, are metrics and log lines."""
    own, settings = simulator
    params: dict[str, Any] = {"url": URL, "enabled_events": ["charge.succeeded"]}
    endpoint = own.api.endpoints.create(Scope(None, False), params)
    own.api.endpoints.disable(endpoint["id"])
    with serving(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path, **settings) as server:
        eventually(lambda: metric(server, "ledger_endpoint_enabled{") is not None, "checked")
        assert metric(server, "ledger_endpoint_enabled{") == 0
        assert (metric(server, "ledger_endpoint_missing_events{") or 0) > 50
        assert "endpoint_problem" in server.output_text()


def test_stripe_away_stops_nothing(
    tmp_path: Path, simulator: tuple[Stripe, dict[str, str]]
) -> None:
    """Deliveries are taken, the refusal is one line, and SIGTERM does not wait for its turn."""
    own, settings = simulator
    own.faults.add(Fault("rate_limited", seconds=3600), times=50)
    with serving(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path, **settings) as server:
        eventually(lambda: own.requests, "asked")
        assert server.post() == "stored"
        began = time.monotonic()
        assert server.end() == 0
        assert time.monotonic() - began < 10


def test_a_key_of_the_wrong_mode_is_one_line(
    tmp_path: Path, simulator: tuple[Stripe, dict[str, str]]
) -> None:
    """Nothing is asked with it, everything else works."""
    own, settings = simulator
    more = {**settings, "LEDGER_LIVEMODE": "true"}
    with serving(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path, **more) as server:
        eventually(lambda: "stripe_not_asked" in server.output_text(), "said so")
        server.process_of("api.serve.asker").send_signal(signal.SIGTERM)
        assert server.status("/readyz") == 200
        assert own.requests == []


def test_without_a_key_there_is_no_such_process(tmp_path: Path) -> None:
    """Nor with sweeps turned off."""
    database = f"sqlite:///{tmp_path / 'ledger.db'}"
    off = {"STRIPE_API_KEY": TEST_KEY.secret, "LEDGER_SWEEP_MINUTES": "0"}
    for settings in ({}, off):
        with serving(database, tmp_path, **settings) as server:
            lines = [" ".join(process.cmdline()) for process in server.family()]
            assert lines and not any("asker" in line for line in lines)
