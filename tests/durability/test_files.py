"""The files of a ledger on SQLite: private, and noticed when somebody removes or replaces them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from tests.api.client import ApiClient, problem
from tests.api.deliveries import body_of, event
from tests.cli.processes import eventually, serving
from tests.databases import on_sqlite

FILES = ("ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.projections.db")


@pytest.mark.slow
def test_nobody_else_can_read_them(tmp_path: Path) -> None:
    """Whatever the umask, a new ledger's files are its owner's alone."""
    mask = os.umask(0)
    try:
        with serving(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path) as server:
            server.post()
            files = {path.name: path.stat().st_mode for path in tmp_path.glob("ledger*.db*")}
    finally:
        os.umask(mask)

    assert set(FILES) <= files.keys()
    assert {name: oct(stat.S_IMODE(mode)) for name, mode in files.items()} == dict.fromkeys(
        files, "0o600"
    )


def file_of(url: str) -> Path:
    """The log's file."""
    return Path(url.removeprefix("sqlite:///"))


@on_sqlite
def test_a_deleted_log_takes_nothing(ledger_url: str) -> None:
    """Deliveries get a 503 instead of going into a file that nobody will find, until it is back."""
    client = ApiClient(ledger_url)
    assert client.deliver(body_of(event())).status_code == 200
    file = file_of(ledger_url)
    client.ledger.engine.dispose()  # so that all of it is in one file, which can be moved
    moved = file.rename(file.with_suffix(".kept"))
    assert problem(client.deliver(body_of(event())), 503)
    assert problem(client.http.get("/readyz"), 503)
    assert not file.exists()
    moved.rename(file)
    assert client.deliver(body_of(event())).status_code == 200
    client.close()


@on_sqlite
def test_connections_to_a_deleted_log(ledger_url: str) -> None:
    """Also a connection that was open before takes nothing; a restored file is used at once."""
    client = ApiClient(ledger_url)
    client.deliver(body_of(event()))
    file = file_of(ledger_url)
    backup = file.with_suffix(".backup")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    client.deliver(body_of(event()))
    assert client.position == 2
    file.unlink()

    assert problem(client.deliver(body_of(event())), 503)
    assert problem(client.http.get("/readyz"), 503)
    for rest in file.parent.glob("ledger.db-*"):
        rest.unlink()
    shutil.copy(backup, file)
    assert client.deliver(body_of(event())).status_code == 200
    assert client.position == 2
    client.close()


@on_sqlite
def test_metrics_without_projections(ledger_url: str) -> None:
    """While there are no projections, the log's metrics are there all the same."""
    client = ApiClient(ledger_url)
    client.deliver(body_of(event()))
    client.projections.catalog.engine.dispose()
    for file in file_of(ledger_url).parent.glob("*.projections.db*"):
        file.unlink()
    exposition = client.http.get("/metrics").text

    assert "ledger_store_up 1.0" in exposition
    assert "ledger_position 1.0" in exposition
    assert "ledger_projections_up 0.0" in exposition
    client.close()


@pytest.mark.slow
@on_sqlite
def test_deleted_projections_are_made_again(ledger_url: str, tmp_path: Path) -> None:
    """They follow from the log: the follower makes them anew, without a restart."""
    document = event()
    with serving(ledger_url, tmp_path) as server:
        server.post(document)
        path = f"/v1/orders/{document['data']['object']['id']}"
        eventually(lambda: server.status_of(path) == 200, "the order shows")
        files = list(file_of(ledger_url).parent.glob("*.projections.db*"))
        for file in files:
            file.unlink()
        assert server.post() == "stored"
        eventually(lambda: all(file.exists() for file in files), "they are made again")
        eventually(lambda: server.status_of(path) == 200, "the order shows again")
