"""With the store unreachable, locked, full or slow, Stripe gets a 503 and the retry is stored."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, text

from api.telemetry import delivery_metrics, metrics
from tests.api.client import ApiClient, appends, problem
from tests.api.deliveries import body_of, header
from tests.api.deliveries import event as stripe_event
from tests.servers import PostgresServer


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Hold the log's lock in another connection."""
    engine = create_engine(url)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("SELECT * FROM ledger_events_head FOR UPDATE"))
        yield
        connection.rollback()
    engine.dispose()


def test_locked(shared: ApiClient) -> None:
    """A lock held beyond the timeout is a 503 with Retry-After; after it, the retry is stored."""
    body = body_of(stripe_event())
    with locked(shared.url):
        refused = shared.deliver(body)

    assert problem(refused, 503)["title"] == "Temporarily unavailable"
    assert int(refused.headers["Retry-After"]) > 0
    assert shared.deliver(body).get_json()["status"] == "stored"


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_down(request: pytest.FixtureRequest, tmp_path: Path, dialect: str) -> None:
    """Without a database a valid delivery is a 503 and a forged one a 400; the retry is stored."""
    url, restore = _missing_database(request, tmp_path, dialect)
    client, body = ApiClient(url, create=False), body_of(stripe_event())

    assert problem(client.deliver(body), 503)
    assert problem(client.deliver(body, header(body, secret="forged_0123456789")), 400)
    assert problem(client.http.get("/readyz"), 503)
    assert problem(client.get("/v1/events"), 503)
    assert "ledger_store_up 0.0" in client.http.get("/metrics").text

    restore()
    ApiClient(url).close()  # creates the tables
    assert client.deliver(body).get_json()["status"] == "stored"
    assert client.http.get("/readyz").status_code == 200
    client.close()


def _missing_database(
    request: pytest.FixtureRequest, tmp_path: Path, dialect: str
) -> tuple[str, Callable[[], object]]:
    """The URL of a database that does not exist, and a function that creates it."""
    if dialect == "sqlite":
        directory = tmp_path / "missing"
        return f"sqlite:///{directory / 'ledger.db'}", directory.mkdir
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
    """A full disk is a 503; with space again, the retry is stored."""
    client = ApiClient(f"sqlite:///{tmp_path / 'ledger.db'}")
    pages_max = {"value": 2**30}

    @event.listens_for(client.ledger.append_engine, "begin")
    def limit(connection: object) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages_max['value']}")  # type: ignore[attr-defined]

    body = body_of(stripe_event(note="x" * 100_000))
    pages_max["value"] = 1  # SQLite rounds this up to the size of the file
    refused = client.deliver(body)
    pages_max["value"] = 2**30

    assert problem(refused, 503)
    assert client.deliver(body).get_json()["status"] == "stored"
    client.close()


def test_full_queue(store_url: str) -> None:
    """With a full queue a delivery is a 503 immediately, whatever becomes of those in it."""
    client = ApiClient(store_url, {"queue_max": 1})
    before = _refused_by_queue()
    with locked(client.url), ThreadPoolExecutor(8) as pool:
        bodies = [body_of(stripe_event()) for _ in range(8)]
        responses = list(pool.map(client.deliver, bodies))

    assert {response.status_code for response in responses} == {503}
    assert {response.headers["Retry-After"] for response in responses} == {"5"}
    # One may wait; another may take its place once the first has timed out.
    assert _refused_by_queue() - before >= 4
    assert client.position == 0
    client.close()


def _refused_by_queue() -> float:
    delivery_metrics.flush()
    count: float = metrics.DELIVERIES.labels("unavailable", "queue_full")._value.get()
    return count


def test_a_fork_between_creating_and_serving(store_url: str) -> None:
    """A server may create the application and then fork: the child's appender works."""
    client = ApiClient(store_url)
    body = body_of(stripe_event())
    child = os.fork()
    if child == 0:
        # Connections do not survive a fork; a pool opened before it is abandoned.
        client.ledger.append_engine.dispose(close=False)
        ok = client.deliver(body).status_code == 200
        os._exit(0 if ok else 1)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert client.position == 1
    client.close()


def test_draining(shared: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is shutting down is not ready, and takes what the store can take."""
    monkeypatch.setitem(shared.app.config, "DRAINING", lambda: True)

    with appends(shared, 1):
        assert shared.deliver(body_of(stripe_event())).status_code == 200

    assert problem(shared.http.get("/readyz"), 503)
    assert shared.http.get("/livez").status_code == 200


def test_fifty_at_once(shared: ApiClient) -> None:
    """Fifty copies at once become one row, whose position every response has."""
    body = body_of(stripe_event())
    with appends(shared, 1), ThreadPoolExecutor(50) as pool:
        responses = [response.get_json() for response in pool.map(shared.deliver, [body] * 50)]

    assert sorted(response["status"] for response in responses) == ["duplicate"] * 49 + ["stored"]
    assert {response["position"] for response in responses} == {shared.position}


class Broken(Exception):
    """An error that no code of ours raises."""


def test_never_500(shared: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error is a 503 to Stripe, without the error's text."""

    def broken(*_: object, **__: object) -> None:
        raise Broken("payload-7f3a")

    monkeypatch.setattr("api.ingest.webhook.read_delivery", broken)

    response = shared.deliver(body_of(stripe_event()))

    assert problem(response, 503) and response.headers["Retry-After"]
    assert "7f3a" not in response.text
