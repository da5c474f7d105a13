"""What an operator sees: one log line per delivery, and metrics; neither holds a secret."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from api.telemetry import delivery_metrics, logs
from projections import KINDS
from tests.api.client import ApiClient, appends
from tests.api.deliveries import NEW_SECRET, NOW, OLD_SECRET, body_of, event, header, thin

OPERATIONS = Path(__file__).parents[2] / "docs/operations.md"
Lines = list[MutableMapping[str, Any]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What is logged during the test."""
    with capture_logs() as captured:
        yield captured


def sample(client: ApiClient, name: str, **labels: str) -> float:
    """The value of a metric at a scrape; 0 before its first."""
    families = text_string_to_metric_families(client.http.get("/metrics").text)
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def test_stored_line(shared: ApiClient, lines: Lines) -> None:
    """A stored delivery is one line with its id, its secret's name and its sender's address."""
    document = event()
    body = body_of(document)
    response = shared.deliver(body, header(body, secret=OLD_SECRET.value))

    assert len(lines) == 1
    assert lines[0].pop("ms") > 0
    assert lines[0] == {
        "event": "delivery",
        "log_level": "info",
        "request_id": response.get_json()["request_id"],
        "outcome": "stored",
        "reason": None,
        "secret": "old",
        "event_id": document["id"],
        "event_type": "charge.succeeded",
        "bytes": len(body),
        "position": shared.position,
        "remote": "127.0.0.1",
    }


def test_the_first_thin_event_is_warned_of(
    shared: ApiClient, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint with thin payloads is said to change no row: once, not at every event."""
    monkeypatch.setattr(logs, "_warned", set())

    for number in (1, 2):
        body = body_of(thin(id=f"evt_thin_warned_{number}"))
        assert shared.deliver(body, header(body)).status_code == 200

    warnings = [line for line in lines if line["log_level"] == "warning"]
    assert [line["event"] for line in warnings] == ["thin_event"]
    assert "snapshot payloads" in warnings[0]["hint"]


@pytest.mark.parametrize(
    ("signature", "content_type", "reason"),
    [
        ("hello", "application/json", "malformed_header"),
        (None, "text/plain", "content_type"),
        (f"t={NOW},v1={'0' * 64}", "application/json", "no_match"),
    ],
)
def test_refused_line(
    shared: ApiClient, lines: Lines, signature: str | None, content_type: str, reason: str
) -> None:
    """A refused delivery is one line with the reason, and with nothing of its content."""
    shared.deliver(b'{"id": "evt_7q3z"}', signature, content_type=content_type)

    assert [(line["outcome"], line["reason"]) for line in lines] == [("refused", reason)]
    assert lines[0]["secret"] is None and lines[0]["event_id"] is None
    assert "7q3z" not in str(lines)


@pytest.mark.parametrize(
    ("remote", "shown"),
    [("203.0.113.9", "203.0.113.9"), ("2001:db8::1", "2001:db8::1"), ("jane@example.com", None)],
)
def test_sender(shared: ApiClient, lines: Lines, remote: str, shown: str | None) -> None:
    """A line has the sender's address, unless what a proxy passes on is not an address."""
    shared.deliver(body_of(event()), environ_overrides={"REMOTE_ADDR": remote})

    assert lines[0]["remote"] == shown


def test_nothing_secret_is_logged(shared: ApiClient, lines: Lines) -> None:
    """No secret, signature, key or payload gets into a line, whatever happens."""
    shared.deliver(body_of(event(email="jane-7q3z@example.com")))
    shared.deliver(b"jane-7q3z@example.com")
    shared.deliver(b"x", "t=1,v1=jane-7q3z")
    shared.get("/v1/orders?client_reference_id=jane-7q3z", key="jane-7q3z")

    assert "7q3z" not in str(lines)
    assert NEW_SECRET.value not in str(lines)


def test_unexpected_error(shared: ApiClient, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error is logged with its place in the code, not with its text."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("payload-7q3z")

    monkeypatch.setattr(type(shared.projections), "list", broken)
    response = shared.get("/v1/orders")

    assert response.status_code == 500 and response.content_type == "application/problem+json"
    assert (lines[0]["event"], lines[0]["error_type"]) == ("unexpected_error", "RuntimeError")
    assert any("test_monitoring" in frame for frame in lines[0]["traceback"])
    assert lines[0]["request_id"] == response.get_json()["request_id"]
    assert "7q3z" not in str(lines) + response.text


@pytest.mark.parametrize(("module", "name"), [(logs, "log"), (delivery_metrics, "record")])
def test_a_stored_delivery_is_acknowledged(
    shared: ApiClient, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str
) -> None:
    """A log or a counter that fails changes no response: a stored delivery is a 200."""
    monkeypatch.setattr(module, name, None)

    with appends(shared, 1), pytest.warns(UserWarning, match="a delivery was not logged"):
        response = shared.deliver(body_of(event()))

    assert response.status_code == 200
    assert response.get_json()["status"] == "stored"


def test_a_warning_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """What code below the API warns of, is in the log; where the log fails, it is shown bare."""
    before = structlog.get_config()
    try:
        with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
            warnings.simplefilter("always")
            logs.configure("json")
            for logger in (structlog.get_logger(), None):
                patch.setattr(logs, "log", logger)
                warnings.warn("orders ch_1: the row cannot be stored", stacklevel=1)
    finally:
        structlog.configure(**before)
    first, second = capsys.readouterr().err.splitlines()

    line = json.loads(first)
    assert (line["level"], line["message"]) == ("warning", "orders ch_1: the row cannot be stored")
    assert second == line["message"]


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


def test_counters(shared: ApiClient) -> None:
    """Deliveries are counted by outcome, reason and secret, and changed duplicates separately."""

    def counts() -> list[float]:
        return [
            sample(shared, "ledger_deliveries_total", outcome="stored"),
            sample(shared, "ledger_deliveries_total", outcome="duplicate"),
            sample(shared, "ledger_deliveries_total", outcome="quarantined", reason="not_json"),
            sample(shared, "ledger_deliveries_total", outcome="refused", reason="no_match"),
            sample(shared, "ledger_deliveries_signed_by_total", secret="old"),
            sample(shared, "ledger_body_conflicts_total"),
            sample(shared, "ledger_delivery_bytes_count"),
            sample(shared, "ledger_event_delay_seconds_sum"),
        ]

    before = counts()
    document = event(created=NOW - 60)
    body = body_of(document)
    shared.deliver(body, header(body, secret=OLD_SECRET.value))
    shared.deliver(body_of({**document, "pending_webhooks": 7}))
    shared.deliver(body_of({**document, "api_version": "2025-03-31.basil"}))
    assert shared.deliver(b"counted").get_json()["status"] == "quarantined"
    shared.deliver(body, header(body, secret="forged_0123456789"))

    added = [new - old for new, old in zip(counts(), before, strict=True)]
    assert added == [1, 2, 1, 1, 1, 1, 4, 60]


def test_appends(client: ApiClient) -> None:
    """Batches are counted with their size and duration; afterwards nothing waits."""

    def counts() -> list[float]:
        return [
            sample(client, "ledger_append_batch_deliveries_count"),
            sample(client, "ledger_append_batch_deliveries_sum"),
            sample(client, "ledger_append_batch_seconds_count"),
            sample(client, "ledger_delivery_seconds_count"),
        ]

    before = counts()
    for _ in range(3):
        client.deliver(body_of(event()))
    assert [new - old for new, old in zip(counts(), before, strict=True)] == [3, 3, 3, 3]
    assert sample(client, "ledger_append_batch_seconds_sum") > 0
    assert sample(client, "ledger_append_queue_depth") == 0


def test_every_alert_has_its_metric(shared: ApiClient) -> None:
    """Every metric that docs/operations.md uses is exported."""
    shared.deliver(body_of(event()))
    # Tables are named there too, in SQL.
    text = re.sub(r"(?s)```sql.*?```", "", OPERATIONS.read_text(encoding="utf-8"))
    used = re.findall(r"ledger_[a-z_]+?(?=_bucket|_count|_sum|[^a-z_]|$)", text)
    families = text_string_to_metric_families(shared.http.get("/metrics").text)
    # A counter by label has no sample before there is something to count.
    exported = {name for each in families for name in (each.name, f"{each.name}_total")}

    assert len(set(used)) > 8
    assert set(used) - exported == set()


def test_state(client: ApiClient) -> None:
    """Gauges are read at the scrape: the head, its age, and each projection's lag."""
    client.deliver(body_of(event()))
    client.clock.seconds = NOW + 30

    assert sample(client, "ledger_store_up") == 1
    assert sample(client, "ledger_position") == 1
    assert sample(client, "ledger_last_event_age_seconds") == 30
    for kind in KINDS:
        assert sample(client, "ledger_projection_lag_events", kind=kind) == 1
    client.follow()
    assert sample(client, "ledger_projection_lag_events", kind="orders") == 0


def test_several_processes(tmp_path_factory: pytest.TempPathFactory) -> None:
    """With a multiprocess directory, a scrape adds up the counters of all workers."""
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
        from api.notify.stores import NotifyStores
        from ledger import Ledger
        from projections import Journal, Projections
        ledger = Ledger.open("sqlite:///{directory}/nowhere/ledger.db")
        stores = ledger, (opened := Projections.open(ledger)), NotifyStores.open(ledger, opened)
        print(metrics.exposition(*stores, Journal.open(ledger), lambda: 0.0).decode())
        """
    )
    exposition = ""
    for program in (worker, scrape):
        exposition = subprocess.run(
            [sys.executable, "-c", program],
            env={"PROMETHEUS_MULTIPROC_DIR": str(directory), "PYTHONPATH": ":".join(sys.path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    assert "ledger_body_conflicts_total 2.0" in exposition
    assert "ledger_store_up 0.0" in exposition
