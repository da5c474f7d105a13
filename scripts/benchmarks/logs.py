"""Logs for benchmarks to read: filled with the simulator's events once, and kept in the cache."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine, create_engine, event, make_url, text

from ledger import Ledger
from projections.tables.engine import projections_url
from scripts.benchmarks.cache import CACHE, fingerprint, print_progress
from scripts.benchmarks.events import deliveries
from scripts.benchmarks.postgres import Postgres, postgres

__all__ = ["Logs", "open_logs"]

_BATCH = 2000
_PROGRESS_EVENTS = 50_000


class Logs(Protocol):
    """The cached logs of one database."""

    name: str

    def log(self, events: int) -> str:
        """Return the URL of a log of that many events, which must not be appended to."""
        ...

    def copy(self, url: str) -> str:
        """Return the URL of a copy that may be changed; it replaces the copy before."""
        ...

    def create_empty(self) -> str:
        """Return the URL of an empty database; it replaces the one before."""
        ...

    def drop_projections(self, url: str) -> None:
        """Delete the projections of a log."""
        ...

    def size_bytes(self, url: str) -> tuple[int, int]:
        """Return the sizes of a log and of its projections."""
        ...


@contextmanager
def open_logs(name: str, scratch: Path) -> Iterator[Logs]:
    """Open the logs of a database; ``scratch`` is for copies and empty databases."""
    if name == "sqlite":
        yield _Sqlite(scratch)
        return
    with postgres(CACHE / "postgresql") as server:
        yield _Postgresql(server)


class _Sqlite:
    name = "sqlite"

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch

    def log(self, events: int) -> str:
        directory = CACHE / "sqlite" / f"{fingerprint()}-{events}"
        if not directory.exists():
            for cached in CACHE.glob("sqlite/*"):
                if not cached.name.startswith(fingerprint()):  # made by older code: of no use
                    shutil.rmtree(cached)
            partial = directory.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            _fill(f"sqlite:///{partial}/ledger.db", events)
            partial.rename(directory)
        return f"sqlite:///{directory}/ledger.db"

    def copy(self, url: str) -> str:
        target = self._scratch / "copy"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        shutil.copyfile(_file(url), target / "ledger.db")
        return f"sqlite:///{target}/ledger.db"

    def create_empty(self) -> str:
        for file in self._scratch.glob("empty.*"):
            file.unlink()
        return f"sqlite:///{self._scratch}/empty.db"

    def drop_projections(self, url: str) -> None:
        database = _file(_projections_url(url))
        for file in database.parent.glob(f"{database.name}*"):
            file.unlink()

    def size_bytes(self, url: str) -> tuple[int, int]:
        files = [_file(url), _file(_projections_url(url))]
        log, rows = (file.stat().st_size if file.exists() else 0 for file in files)
        return log, rows


class _Postgresql:
    name = "postgresql"

    def __init__(self, server: Postgres) -> None:
        self._server = server

    def log(self, events: int) -> str:
        name = f"log_{fingerprint()}_{events}"
        if name not in self._server.databases():
            for cached in self._server.databases():
                if cached.startswith("log_") and fingerprint() not in cached:
                    self._server.drop_database(cached)
            _fill(self._server.make("partial"), events)
            self._server.rename("partial", name)
        return self._server.url(name)

    def copy(self, url: str) -> str:
        name = make_url(url).database
        assert name is not None
        return self._server.make("copy", template=name)

    def create_empty(self) -> str:
        return self._server.make("empty")

    def drop_projections(self, url: str) -> None:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA IF EXISTS projections CASCADE"))
        engine.dispose()

    def size_bytes(self, url: str) -> tuple[int, int]:
        query = text(
            "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind = 'r' AND n.nspname = :schema"
        )
        engine = create_engine(url)
        with engine.connect() as connection:
            log, rows = (
                connection.execute(query, {"schema": schema}).scalar_one()
                for schema in ("public", "projections")
            )
        engine.dispose()
        return log, rows


def _fill(url: str, events: int) -> None:
    """Append simulated events to a new log, in batches."""
    started, reported = time.monotonic(), 0
    ledger = Ledger.open(url, create=True, lock_timeout_ms=60_000)
    _tune_for_filling(ledger.engine)
    try:
        all_deliveries = deliveries(events)
        while batch := list(itertools.islice(all_deliveries, _BATCH)):
            position = ledger.append(batch)[-1].position
            if position - reported >= _PROGRESS_EVENTS:
                reported = position
                print_progress(f"filling a log: {position:,} of {events:,} events")
        if (head := ledger.log.head().position) != events:
            raise RuntimeError(f"the log has {head} events and not {events}")
    finally:
        ledger.close()
    print_progress(f"filled a log of {events:,} events in {time.monotonic() - started:.0f} s")


def _tune_for_filling(engine: Engine) -> None:
    """Make SQLite faster and less durable: a log that is not finished is made again anyway.

    It need not write each page twice at once, and keys in random order find more of their pages
    in memory.
    """
    if engine.dialect.name != "sqlite":
        return
    engine.dispose()

    @event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-1000000")
        connection.execute("PRAGMA wal_autocheckpoint=100000")


def _projections_url(url: str) -> str:
    return projections_url(make_url(url)).render_as_string(hide_password=False)


def _file(url: str) -> Path:
    return Path(str(make_url(url).database))
