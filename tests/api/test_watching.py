"""What an operator sees: one line per delivery, metrics, readiness; and no secret in any."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from api.telemetry import delivery_metrics as tally
from api.telemetry import logs
from projections import KINDS
from tests.api.wire import NEW_SECRET, NOW, OLD_SECRET, Wire, body_of, event, header, written

OPERATIONS = Path(__file__).parents[2] / "docs/operations.md"
Lines = list[MutableMapping[str, Any]]
Sample = Callable[..., float]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What is logged meanwhile."""
    with capture_logs() as captured:
        yield captured


@pytest.fixture
def sample(wire: Wire) -> Sample:
    """The value of a metric at a scrape; 0 before its first."""

    def read(name: str, **labels: str) -> float:
        families = text_string_to_metric_families(wire.client.get("/metrics").text)
        return sum(
            each.value
            for family in families
            for each in family.samples
            if each.name == name and labels.items() <= each.labels.items()
        )

    return read


def test_stored_line(wire: Wire, lines: Lines) -> None:
    """A stored delivery is one line that names it, its secret and its sender's address."""
    document = event()
    body = body_of(document)
    answer = wire.deliver(body, header(body, secret=OLD_SECRET.value))

    assert len(lines) == 1
    assert lines[0].pop("ms") > 0
    assert lines[0] == {
        "event": "delivery",
        "log_level": "info",
        "request_id": answer.get_json()["request_id"],
        "outcome": "stored",
        "reason": None,
        "secret": "old",
        "event_id": document["id"],
        "event_type": "charge.succeeded",
        "bytes": len(body),
        "position": 1,
        "remote": "127.0.0.1",
    }


@pytest.mark.parametrize(
    ("signature", "content_type", "reason"),
    [
        ("hello", "application/json", "malformed_header"),
        (None, "text/plain", "content_type"),
        (f"t={NOW},v1={'0' * 64}", "application/json", "no_match"),
    ],
)
def test_refused_line(
    wire: Wire, lines: Lines, signature: str | None, content_type: str, reason: str
) -> None:
    """A refused delivery is one line with the reason, and with nothing of what it said."""
    wire.deliver(b'{"id": "evt_7q3z"}', signature, content_type=content_type)

    assert [(line["outcome"], line["reason"]) for line in lines] == [("refused", reason)]
    assert lines[0]["secret"] is None and lines[0]["event_id"] is None
    assert "7q3z" not in str(lines)


@pytest.mark.parametrize(
    ("said", "shown"),
    [("203.0.113.9", "203.0.113.9"), ("2001:db8::1", "2001:db8::1"), ("jane@example.com", None)],
)
def test_who_sent_it(wire: Wire, lines: Lines, said: str, shown: str | None) -> None:
    """A line names the sender's address; what a proxy passes on that is none is left out."""
    wire.deliver(body_of(event()), environ_overrides={"REMOTE_ADDR": said})

    assert lines[0]["remote"] == shown


def test_nothing_secret_is_logged(wire: Wire, lines: Lines) -> None:
    """No secret, signature, key or payload gets into a line, whatever happens."""
    wire.deliver(body_of(event(email="jane-7q3z@example.com")))
    wire.deliver(b"jane-7q3z@example.com")
    wire.deliver(b"x", "t=1,v1=jane-7q3z")
    wire.get("/v1/orders?client_reference_id=jane-7q3z", key="jane-7q3z")

    assert "7q3z" not in str(lines)
    assert NEW_SECRET.value not in str(lines)


def test_unexpected_error(wire: Wire, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error is logged with where it happened, not with its text."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("payload-7q3z")

    monkeypatch.setattr(type(wire.projections), "list", broken)
    answer = wire.get("/v1/orders")

    assert answer.status_code == 500 and answer.content_type == "application/problem+json"
    assert (lines[0]["event"], lines[0]["error_type"]) == ("unexpected_error", "RuntimeError")
    assert any("test_watching" in frame for frame in lines[0]["traceback"])
    assert lines[0]["request_id"] == answer.get_json()["request_id"]
    assert "7q3z" not in str(lines) + answer.text


@pytest.mark.parametrize(("module", "name"), [(logs, "log"), (tally, "note")])
def test_what_cannot_be_told_is_acknowledged(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str
) -> None:
    """A log or a counter that fails changes no answer: what is stored is stored, and 200."""
    monkeypatch.setattr(module, name, None)

    with written(wire, 1), pytest.warns(UserWarning, match="a delivery was not logged"):
        answer = wire.deliver(body_of(event()))

    assert answer.status_code == 200
    assert answer.get_json()["status"] == "stored"


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_formats(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON for machines, one readable line for people."""
    before = structlog.get_config()
    try:
        logs.configure(log_format)
        structlog.get_logger().info("happened", number=1)
    finally:
        structlog.configure(**before)

    line = capsys.readouterr().err.strip()
    assert "\n" not in line
    if log_format == "json":
        assert json.loads(line)["event"] == "happened"
    else:
        assert "happened" in line and "number" in line


def test_counters(wire: Wire, sample: Sample) -> None:
    """Deliveries are counted by outcome, reason and secret; changed duplicates apart."""

    def counts() -> list[float]:
        return [
            sample("ledger_deliveries_total", outcome="stored"),
            sample("ledger_deliveries_total", outcome="duplicate"),
            sample("ledger_deliveries_total", outcome="quarantined", reason="not_json"),
            sample("ledger_deliveries_total", outcome="refused", reason="no_match"),
            sample("ledger_deliveries_signed_by_total", secret="old"),
            sample("ledger_body_conflicts_total"),
            sample("ledger_delivery_bytes_count"),
            sample("ledger_event_delay_seconds_sum"),
        ]

    before = counts()
    document = event(created=NOW - 60)
    body = body_of(document)
    wire.deliver(body, header(body, secret=OLD_SECRET.value))
    wire.deliver(body_of({**document, "pending_webhooks": 7}))
    wire.deliver(body_of({**document, "api_version": "2025-03-31.basil"}))
    wire.deliver(b"x")
    wire.deliver(body, header(body, secret="forged_0123456789"))

    grown = [now - then for now, then in zip(counts(), before, strict=True)]
    assert grown == [1, 2, 1, 1, 1, 1, 4, 60]


def test_appends(wire: Wire, sample: Sample) -> None:
    """Batches are counted with what is in them and how long they take; nothing waits afterwards."""

    def counts() -> list[float]:
        return [
            sample("ledger_append_batch_deliveries_count"),
            sample("ledger_append_batch_deliveries_sum"),
            sample("ledger_append_batch_seconds_count"),
            sample("ledger_delivery_seconds_count"),
        ]

    before = counts()
    for _ in range(3):
        wire.deliver(body_of(event()))

    assert [now - then for now, then in zip(counts(), before, strict=True)] == [3, 3, 3, 3]
    assert sample("ledger_append_batch_seconds_sum") > 0
    assert sample("ledger_append_queue_depth") == 0


def test_every_alert_has_its_metric(wire: Wire) -> None:
    """What docs/operations.md tells to watch is there to be watched."""
    wire.deliver(body_of(event()))
    asked = re.findall(r"ledger_[a-z_]+", OPERATIONS.read_text(encoding="utf-8"))
    families = text_string_to_metric_families(wire.client.get("/metrics").text)
    known = {
        name for family in families for name in (family.name, *(s.name for s in family.samples))
    }

    assert len(set(asked)) > 8
    assert set(asked) - known == set()


def test_state(wire: Wire, sample: Sample) -> None:
    """State is read at the scrape: the head, its age, and each projection's lag."""
    wire.deliver(body_of(event()))
    wire.clock.now = NOW + 30

    assert sample("ledger_store_up") == 1
    assert sample("ledger_position") == 1
    assert sample("ledger_last_event_age_seconds") == 30
    for kind in KINDS:
        assert sample("ledger_projection_lag_events", kind=kind) == 1
    wire.follow()
    assert sample("ledger_projection_lag_events", kind="orders") == 0


def test_several_processes(tmp_path_factory: pytest.TempPathFactory) -> None:
    """With a multiprocess directory, a scrape adds up what every worker counted."""
    directory = tmp_path_factory.mktemp("metrics")
    worker = textwrap.dedent(
        """
        from api.telemetry import metrics
        metrics.BODY_CONFLICTS.inc()
        metrics.QUEUE_DEPTH.set(3)
        """
    )
    scrape = worker + textwrap.dedent(
        f"""
        from ledger import Ledger
        from projections import Projections
        ledger = Ledger.open("sqlite:///{directory}/nowhere/ledger.db")
        projections = Projections.open(ledger)
        print(metrics.exposition(ledger, projections, lambda: 0.0).decode())
        """
    )
    shown = ""
    for program in (worker, scrape):
        shown = subprocess.run(
            [sys.executable, "-c", program],
            env={"PROMETHEUS_MULTIPROC_DIR": str(directory), "PYTHONPATH": ":".join(sys.path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    assert "ledger_body_conflicts_total 2.0" in shown
    assert "ledger_store_up 0.0" in shown
