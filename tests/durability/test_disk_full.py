"""A full disk: a 503 until there is space again, and then everything works without a restart."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Connection, event

from api.serve.address import free_port
from ledger import Appended, Appender, Delivery, Ledger, StoreUnavailable, read_delivery, verify
from tests.cli.processes import (
    DEADLINE_SECONDS,
    LEDGER,
    SECRET,
    environment,
    eventually,
    serving,
)
from tests.conftest import FreshDatabase
from tests.durability.proof import entries, prove
from tests.durability.traffic import FORGED, Traffic, bodies, post
from tests.servers import own_postgres, temporary_directory

BALLAST = "ballast"
MIB = 1 << 20


@contextmanager
def small_disk(mebibytes: int) -> Iterator[Path]:
    """A small file system; the test is skipped where nothing may be mounted."""
    place = temporary_directory()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=755", "tmpfs", str(place)]
    try:
        completed = subprocess.run(mount, capture_output=True, text=True)
        lines = completed.stderr.strip()
    except OSError as error:
        lines = str(error)
    if lines:
        place.rmdir()
        pytest.skip(f"no small disk can be mounted here: {lines}")
    try:
        yield place
    finally:
        # Lazily: the processes that still have it open are about to end.
        subprocess.run(["umount", "-l", str(place)], check=True)
        place.rmdir()


@contextmanager
def database_on(disk: Path, dialect: str) -> Iterator[str]:
    """The URL of an empty database that has no other space than this disk."""
    if dialect == "sqlite":
        yield f"sqlite:///{disk / 'ledger.db'}"
        return
    # A server of its own: on a shared one, a full tablespace fails whoever else makes a database.
    with own_postgres() as server:
        place, name = disk / "tablespace", sql.Identifier(disk.name.replace("-", "_"))
        place.mkdir()
        owner = server.data.stat()
        os.chown(place, owner.st_uid, owner.st_gid)
        with psycopg.connect(
            host=str(server.directory / "socket"),
            user="postgres",
            dbname="postgres",
            autocommit=True,
        ) as admin:
            location = sql.Literal(str(place))
            admin.execute(sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(name, location))
            make = sql.SQL("CREATE DATABASE {} TEMPLATE template0 TABLESPACE {}")
            admin.execute(make.format(name, name))
        yield server.url(disk.name.replace("-", "_"))


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_a_full_disk(tmp_path: Path, dialect: str) -> None:
    """The server answers every delivery, and accepts them again once there is space."""
    with (
        small_disk(48) as disk,
        database_on(disk, dialect) as url,
        serving(url, tmp_path, TMPDIR=str(disk)) as server,
    ):
        worker = server.process_of("spawn_main")
        with Traffic([server.port]) as traffic:
            traffic.wait_for_more(20)
            with (disk / BALLAST).open("wb") as ballast:
                fill(ballast.fileno())
            eventually(lambda: traffic.count(503) > 100, "503")
            assert post(server.port, next(bodies())[1], secret=FORGED).status == 400
            (disk / BALLAST).unlink()
            traffic.wait_for_more(20)
        traffic.complete()

        assert traffic.statuses[0] == 0
        assert worker in server.family()
        prove(url, traffic)
        assert server.end() == 0


def test_an_output_that_is_full(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    """A server whose own log lines cannot be written accepts events all the same."""
    url, port = fresh_database("sqlite"), free_port()
    settings = {"LEDGER_DATABASE_URL": url, "STRIPE_WEBHOOK_SECRET": SECRET}
    with Path("/dev/full").open("wb") as full:
        process = subprocess.Popen(
            [*LEDGER, "serve", "--port", str(port)],
            cwd=tmp_path,
            env=environment(**settings, LEDGER_DRAIN_SECONDS="0"),
            stdout=full,
            stderr=full,
            start_new_session=True,
        )
    try:
        events = bodies()
        eventually(lambda: process.poll() or post(port, next(events)[1]).status == 200, "taken")
        time.sleep(0.5)  # by then it has tried to print its address
        assert post(port, next(events)[1]).status == 200
        process.terminate()
        assert process.wait(DEADLINE_SECONDS) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def fill(descriptor: int) -> None:
    """Write until nothing more fits."""
    size = MIB
    while size:
        try:
            size = size if os.write(descriptor, bytes(size)) else 0
        except OSError:
            size //= 2


def test_no_more_pages(tmp_path: Path) -> None:
    """Of many appends to a SQLite file that may not grow, each fails, and succeeds later."""
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}", create=True)
    pages_max = {"value": 1}  # SQLite rounds this up to the size of the file

    @event.listens_for(ledger.append_engine, "begin")
    def limit(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages_max['value']}")

    appender = Appender(ledger)
    deliveries = [
        Delivery(sent, "webhook", 1, read_delivery(sent)) for _, sent in islice(bodies(), 300)
    ]

    def deliver(delivery: Delivery) -> Appended | StoreUnavailable:
        try:
            return appender.submit(delivery).result(30)
        except StoreUnavailable as error:
            return error

    with ThreadPoolExecutor(16) as pool:
        first = list(pool.map(deliver, deliveries))
        taken = [answer for answer in first if isinstance(answer, Appended)]
        assert sorted(answer.position for answer in taken) == list(range(1, len(taken) + 1))
        assert len(taken) < len(deliveries)
        assert len(entries(ledger)) == len(taken)

        pages_max["value"] = 1 << 30
        again = list(pool.map(deliver, deliveries))

    assert all(isinstance(answer, Appended) for answer in again)
    assert len(entries(ledger)) == len(deliveries)
    assert verify(ledger).problems == []
    appender.close()
    ledger.close()
