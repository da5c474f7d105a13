"""The store is away, locked, full or too slow: 503 to Stripe, and the retry is stored."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, text

from api.telemetry import delivery_metrics as tally
from api.telemetry import metrics
from tests.api.wire import Wire, body_of, header, problem
from tests.api.wire import event as stripe_event
from tests.servers import PostgresServer


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Somebody holds the log's lock."""
    engine = create_engine(url)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("SELECT * FROM ledger_events_head FOR UPDATE"))
        yield
        connection.rollback()
    engine.dispose()


def test_locked(wire: Wire) -> None:
    """Locked beyond the timeout: 503 with Retry-After; when the lock is gone, stored."""
    body = body_of(stripe_event())
    with locked(wire.url):
        refused = wire.deliver(body)

    assert problem(refused, 503)["title"] == "Not available now"
    assert int(refused.headers["Retry-After"]) > 0
    assert wire.deliver(body).get_json()["status"] == "stored"


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_down(request: pytest.FixtureRequest, tmp_path: Path, dialect: str) -> None:
    """Without a database a valid delivery is a 503 and a forged one a 400; the retry is stored."""
    url, restore = _missing_database(request, tmp_path, dialect)
    wire, body = Wire(url, create=False), body_of(stripe_event())

    assert problem(wire.deliver(body), 503)
    assert problem(wire.deliver(body, header(body, secret="forged_0123456789")), 400)
    assert problem(wire.client.get("/readyz"), 503)
    assert problem(wire.get("/v1/events"), 503)
    assert "ledger_store_up 0.0" in wire.client.get("/metrics").text

    restore()
    other = Wire(url)
    other.close()
    assert wire.deliver(body).get_json()["status"] == "stored"
    assert wire.client.get("/readyz").status_code == 200
    wire.close()


def _missing_database(
    request: pytest.FixtureRequest, tmp_path: Path, dialect: str
) -> tuple[str, Callable[[], object]]:
    """The URL of a database that is not there, and what puts one there."""
    if dialect == "sqlite":
        away = tmp_path / "away"
        return f"sqlite:///{away / 'ledger.db'}", away.mkdir
    server: PostgresServer = request.getfixturevalue("postgresql")
    name = server.create_database()
    server.drop_database(name)
    admin = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")

    def restore() -> None:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")

    request.addfinalizer(lambda: server.drop_database(name))
    return server.url(name), restore


def test_disk_full(tmp_path: Path) -> None:
    """A full disk is a 503; with room again, the retry is stored."""
    wire = Wire(f"sqlite:///{tmp_path / 'ledger.db'}")
    room = {"pages": 0}

    @event.listens_for(wire.ledger.engine, "begin")
    def limit(connection: object) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={room['pages'] or 2**30}")  # type: ignore[attr-defined]

    body = body_of(stripe_event(note="x" * 100_000))
    room["pages"] = 1  # SQLite rounds up to what the file has
    refused = wire.deliver(body)
    room["pages"] = 0

    assert problem(refused, 503)
    assert wire.deliver(body).get_json()["status"] == "stored"
    wire.close()


def test_shedding(store_url: str) -> None:
    """When too many wait already, 503 at once, before the lock of the store decides anything."""
    wire = Wire(store_url, {"queue_max": 1})
    before = _shed()
    with locked(wire.url), ThreadPoolExecutor(8) as pool:
        bodies = [body_of(stripe_event()) for _ in range(8)]
        answers = list(pool.map(wire.deliver, bodies))

    assert {answer.status_code for answer in answers} == {503}
    assert {answer.headers["Retry-After"] for answer in answers} == {"5"}
    # One may wait; another may take its place once that one was given up.
    assert _shed() - before >= 4
    assert wire.position == 0
    wire.close()


def _shed() -> float:
    tally.settle()
    shed: float = metrics.DELIVERIES.labels("unavailable", "queue_full")._value.get()
    return shed


def test_a_fork_between_making_and_serving(store_url: str) -> None:
    """A server may make the application and fork then: whoever serves has an appender at work."""
    wire = Wire(store_url)
    body = body_of(stripe_event())
    child = os.fork()
    if child == 0:
        # Connections do not survive a fork; a pool opened before it is given up.
        wire.ledger.engine.dispose(close=False)
        ok = wire.deliver(body).status_code == 200
        os._exit(0 if ok else 1)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert wire.position == 1
    wire.close()


def test_draining(wire: Wire) -> None:
    """While the process is about to end it is not ready and takes no delivery."""
    wire.app.config["DRAINING"] = lambda: True

    refused = wire.deliver(body_of(stripe_event()))

    assert problem(refused, 503) and refused.headers["Retry-After"]
    assert problem(wire.client.get("/readyz"), 503)
    assert wire.client.get("/livez").status_code == 200
    assert wire.position == 0


def test_fifty_at_once(wire: Wire) -> None:
    """Fifty copies at once are one row; each copy is told its position."""
    body = body_of(stripe_event())
    with ThreadPoolExecutor(50) as pool:
        answers = [each.get_json() for each in pool.map(wire.deliver, [body] * 50)]

    assert sorted(answer["status"] for answer in answers) == ["duplicate"] * 49 + ["stored"]
    assert {answer["position"] for answer in answers} == {1}
    assert wire.position == 1


class Broken(Exception):
    """What no code of ours raises."""


def test_never_500(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error nobody thought of is a 503 to Stripe, and its text reaches nobody."""

    def broken(*_: object, **__: object) -> None:
        raise Broken("payload-7f3a")

    monkeypatch.setattr("api.ingest.webhook.read_delivery", broken)

    answer = wire.deliver(body_of(stripe_event()))

    assert problem(answer, 503) and answer.headers["Retry-After"]
    assert "7f3a" not in answer.text
