"""Where the database of conclusions is: a file beside the log's, or a schema of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from ledger import StoreUnavailable
from ledger.database import IMMEDIATE, configure, engine_options, explain
from projections.tables.schema import SCHEMA

__all__ = [
    "create_lock",
    "engine_at",
    "make_engine",
    "projections_url",
    "schema_of",
    "write_much",
    "writing",
]

# Any number that only this use has: rebuilds and starts queue up behind it.
_CREATE_LOCK = 0x70726F6A

_LOCK_TIMEOUT_MS = 5000
_POOL_SIZE = 5


def projections_url(log: URL) -> URL:
    """On SQLite ``ledger.db`` → ``ledger.projections.db``: a file has one writer, and a rebuild
    must not hold up an append. On PostgreSQL the same database."""
    if log.get_backend_name() != "sqlite":
        return log
    assert log.database is not None
    stem, dot, suffix = log.database.rpartition(".")
    if not dot or "/" in suffix:
        stem, suffix = log.database, "db"
    return log.set(database=f"{stem}.projections.{suffix}")


def make_engine(log: URL) -> Engine:
    """An engine for what is concluded from a log."""
    return engine_at(projections_url(log))


def engine_at(url: URL) -> Engine:
    """An engine for conclusions; they can be drawn again, so a lost second of them is no loss."""
    options = engine_options(url, lock_timeout_ms=_LOCK_TIMEOUT_MS, pool_size=_POOL_SIZE)
    if url.get_backend_name() == "postgresql":
        options["connect_args"]["options"] += " -c synchronous_commit=off"
    engine = create_engine(url, **options)
    configure(engine, synchronous="NORMAL")
    return engine


def schema_of(engine: Engine) -> str | None:
    """The schema of the tables."""
    return SCHEMA if engine.dialect.name == "postgresql" else None


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A write transaction; raises ``StoreUnavailable`` where it cannot be had or committed."""
    try:
        with engine.connect().execution_options(**IMMEDIATE) as connection, connection.begin():
            yield connection
    except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error) as error:
        # The driver's own: what is written by the thousand goes past SQLAlchemy.
        raise StoreUnavailable(
            f"the projections' database cannot be written: {explain(error)}"
        ) from error


def write_much(connection: Connection) -> None:
    """Let SQLite keep more pages in memory and copy them to the file less often: a page that one
    batch after the other changes is then copied once. PostgreSQL does so by itself."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA cache_size=-32000")
        connection.exec_driver_sql("PRAGMA wal_autocheckpoint=8000")


def create_lock(connection: Connection) -> None:
    """Queue up behind whoever makes tables; SQLite's transaction is that queue already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_CREATE_LOCK})"))
