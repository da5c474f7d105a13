"""Logs to rebuild from: filled by the generator once, kept in the cache."""

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
from scripts.benchmarks.cache import CACHE, fingerprint, say
from scripts.benchmarks.events import deliveries
from scripts.benchmarks.postgres import Postgres, postgres

__all__ = ["Logs", "logs"]

_BATCH = 2000
_SAY_EACH = 50_000


class Logs(Protocol):
    """The logs of one database."""

    name: str

    def log(self, events: int) -> str:
        """The URL of a log of so many events; it is not to be appended to."""
        ...

    def copy(self, url: str) -> str:
        """A copy that may be changed; the next one takes its place."""
        ...

    def empty(self) -> str:
        """An empty database for something else."""
        ...

    def forget(self, url: str) -> None:
        """Throws the conclusions drawn from a log away."""
        ...

    def sizes(self, url: str) -> tuple[int, int]:
        """How many bytes the log has, and what is concluded from it."""
        ...


@contextmanager
def logs(name: str, scratch: Path) -> Iterator[Logs]:
    """The logs of a database; what is not kept goes to ``scratch``."""
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
            for other in CACHE.glob("sqlite/*"):
                if not other.name.startswith(fingerprint()):  # made by other code, of no use now
                    shutil.rmtree(other)
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

    def empty(self) -> str:
        target = self._scratch / "empty.db"
        for each in self._scratch.glob("empty.db*"):
            each.unlink()
        return f"sqlite:///{target}"

    def forget(self, url: str) -> None:
        file = _file(_conclusions(url))
        for each in file.parent.glob(f"{file.name}*"):
            each.unlink()

    def sizes(self, url: str) -> tuple[int, int]:
        files = [_file(url), _file(_conclusions(url))]
        log, rows = (file.stat().st_size if file.exists() else 0 for file in files)
        return log, rows


class _Postgresql:
    name = "postgresql"

    def __init__(self, server: Postgres) -> None:
        self._server = server

    def log(self, events: int) -> str:
        name = f"log_{fingerprint()}_{events}"
        if name not in self._server.databases():
            for other in self._server.databases():
                if other.startswith("log_") and fingerprint() not in other:
                    self._server.drop_database(other)
            _fill(self._server.make("partial"), events)
            self._server.rename("partial", name)
        return self._server.url(name)

    def copy(self, url: str) -> str:
        name = make_url(url).database
        assert name is not None
        return self._server.make("copy", template=name)

    def empty(self) -> str:
        return self._server.make("empty")

    def forget(self, url: str) -> None:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA IF EXISTS projections CASCADE"))
        engine.dispose()

    def sizes(self, url: str) -> tuple[int, int]:
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
    """Appends what the generator makes, many at a time."""
    started, said = time.monotonic(), 0
    ledger = Ledger.open(url, create=True, lock_timeout_ms=60_000)
    _hurry(ledger.engine)
    try:
        coming = deliveries(events)
        while batch := list(itertools.islice(coming, _BATCH)):
            position = ledger.append(batch)[-1].position
            if position - said >= _SAY_EACH:
                said = position
                say(f"filling a log: {position:,} of {events:,} events")
        if (head := ledger.log.head().position) != events:
            raise RuntimeError(f"the log has {head} events and not {events}")
    finally:
        ledger.close()
    say(f"filled a log of {events:,} events in {time.monotonic() - started:.0f} s")


def _hurry(engine: Engine) -> None:
    """What a crash leaves of a log is made again: SQLite need not write each page twice at once,
    and keys that come in no order find more of their pages in memory."""
    if engine.dialect.name != "sqlite":
        return
    engine.dispose()

    @event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-1000000")
        connection.execute("PRAGMA wal_autocheckpoint=100000")


def _conclusions(url: str) -> str:
    return projections_url(make_url(url)).render_as_string(hide_password=False)


def _file(url: str) -> Path:
    return Path(str(make_url(url).database))
