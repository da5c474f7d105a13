"""The projections' database: a file beside the log's on SQLite, a schema on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import URL, Connection, Engine, QueuePool, Table

from ledger import BATCHES, Ledger, Limits
from ledger.database import advisory_lock, open_engine
from projections.tables.schema import SCHEMA

__all__ = [
    "analyze",
    "beside",
    "engine_at",
    "lock_catalog",
    "make_engine",
    "projections_url",
    "schema_of",
    "tune_for_bulk",
]

# Any number that nothing else in the database uses: rebuilds and starts queue up behind it.
_CATALOG_LOCK = 0x70726F6A

_LOCK_TIMEOUT_MS = 5000
_POOL_SIZE = 5


def projections_url(log: URL) -> URL:
    """Where the projections of a log are.

    On SQLite ``ledger.db`` → ``ledger.projections.db``: a file has one writer, and a rebuild must
    not hold up an append. On PostgreSQL the same database.
    """
    return beside(log, "projections")


def beside(log: URL, name: str) -> URL:
    """The file of a name beside the log's on SQLite: ``ledger.db`` → ``ledger.<name>.db`` and
    ``ledger`` → ``ledger.<name>``; on PostgreSQL the same database."""
    if log.get_backend_name() != "sqlite":
        return log
    assert log.database is not None
    stem, dot, suffix = log.database.rpartition(".")
    if not dot or "/" in suffix:
        # Not the same as that of `ledger.db` beside it.
        return log.set(database=f"{log.database}.{name}")
    return log.set(database=f"{stem}.{name}.{suffix}")


def make_engine(ledger: Ledger) -> Engine:
    """An engine for the projections of a ledger, with the limits and as many connections."""
    pool = ledger.engine.pool
    pool_size = pool.size() if isinstance(pool, QueuePool) else _POOL_SIZE
    return engine_at(projections_url(ledger.engine.url), ledger.limits, pool_size=pool_size)


def engine_at(url: URL, limits: Limits = BATCHES, *, pool_size: int = _POOL_SIZE) -> Engine:
    """An engine for projections; they can be rebuilt, so a lost second of them is no loss."""
    limits = replace(limits, lock_ms=_LOCK_TIMEOUT_MS, is_durable=False)
    return open_engine(url, limits=limits, pool_size=pool_size, synchronous="NORMAL")


def schema_of(engine: Engine) -> str | None:
    """The schema of the tables; None on SQLite."""
    return SCHEMA if engine.dialect.name == "postgresql" else None


def tune_for_bulk(connection: Connection) -> None:
    """Let SQLite keep more pages in memory and copy them to the file less often.

    A page that one batch after the other changes is then copied once. PostgreSQL does so by itself.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA cache_size=-32000")
        connection.exec_driver_sql("PRAGMA wal_autocheckpoint=8000")


def analyze(connection: Connection, table: Table) -> None:
    """Let PostgreSQL see what a new table holds: its autovacuum looks at it only later."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ANALYZE {table.fullname}")


def lock_catalog(connection: Connection) -> None:
    """Queue up behind whoever makes tables or cuts over, until the transaction ends."""
    advisory_lock(connection, _CATALOG_LOCK)
