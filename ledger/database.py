"""Engines and transactions, the same for the log and for the projections."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.exc import SQLAlchemyError

from ledger.database_file import connect_to_existing_file
from ledger.errors import StoreUnavailable
from ledger.limits import OWN_SESSION, Limits, Pooling
from ledger.urls import postgresql_arguments

__all__ = [
    "BEGINS_ITSELF",
    "COMPARE",
    "IMMEDIATE",
    "advisory_lock",
    "checkpoint",
    "chunks",
    "configure",
    "engine_options",
    "explain",
    "open_engine",
    "read_transaction",
    "write_transaction",
]

T = TypeVar("T")

# The comparisons by which lists filter a time, under Stripe's names.
COMPARE: Mapping[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "gt": lambda column, value: column > value,
    "gte": lambda column, value: column >= value,
    "lt": lambda column, value: column < value,
    "lte": lambda column, value: column <= value,
}

# An execution option: take SQLite's write lock at BEGIN. A transaction that reads and then writes
# fails at once when another one wrote in between, however long the busy timeout.
IMMEDIATE = {"ledger_immediate": True}

# An execution option: the transaction is begun by a statement of its own, with its limits.
BEGINS_ITSELF = {"ledger_begins_itself": True}

_IS_OWN_SESSION = f"SELECT current_setting('{OWN_SESSION}', true)".encode()

# How many steps SQLite takes between two looks at the clock: a millisecond or so.
_PROGRESS_STEPS = 20_000

_CONNECT_SECONDS = 5

# A reader's snapshot lets SQLite's WAL grow; afterwards it is cut to this size.
_WAL_BYTES_KEPT = 16 << 20

_CHECKPOINT_TRIES = 10
_CHECKPOINT_PAUSE_SECONDS = 0.1


def open_engine(url: URL, *, limits: Limits, pool_size: int, synchronous: str = "FULL") -> Engine:
    """An engine whose transactions have limits; ``synchronous`` as in ``configure``."""
    engine = create_engine(url, **engine_options(url, limits=limits, pool_size=pool_size))
    configure(engine, limits, synchronous=synchronous)
    return engine


def engine_options(url: URL, *, limits: Limits, pool_size: int) -> dict[str, Any]:
    """Arguments for ``create_engine``: every wait has a limit, so that no request hangs."""
    options: dict[str, Any] = {
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": _CONNECT_SECONDS,
    }
    if url.get_backend_name() == "sqlite":
        options["connect_args"] = {
            "timeout": limits.lock_ms / 1000,
            "check_same_thread": False,
            "isolation_level": None,
        }
    else:
        options["pool_pre_ping"] = True
        options["connect_args"] = postgresql_arguments(
            url,
            {**limits.settings, OWN_SESSION: "on"},
            {
                "connect_timeout": _CONNECT_SECONDS,
                # Else a read from a server that vanished waits as long as the system does: hours.
                "keepalives": 1,
                "keepalives_idle": 5,
                "keepalives_interval": 2,
                "keepalives_count": 3,
                "tcp_user_timeout": 10_000,
            },
        )
    return options


def configure(engine: Engine, limits: Limits, *, synchronous: str = "FULL") -> None:
    """Give an engine's transactions their limits, and let SQLAlchemy begin SQLite's.

    ``synchronous`` sets how durable SQLite's are. Only ``use_wal`` makes a file of SQLite, and no
    connection to another file than the one that is there is used.
    """
    pooling = Pooling(limits)
    engine.update_execution_options(ledger_pooling=pooling)

    @event.listens_for(engine, "checkin")
    def end_transaction(connection: Any, _: object) -> None:
        # After a commit that failed half-way the connection would go back to the pool as it is,
        # and its next user continue that transaction.
        if connection is not None and _is_in_transaction(connection):
            connection.rollback()

    if engine.dialect.name != "sqlite":
        _configure_postgresql(engine, pooling)
        return
    connect_to_existing_file(engine)

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA journal_size_limit={_WAL_BYTES_KEPT}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("ledger_immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
        if limits.statement_ms:
            _interrupt_after(connection, limits.statement_ms / 1000)


def _interrupt_after(connection: Connection, seconds: float) -> None:
    """Let SQLite give up a transaction's statements after a time, as PostgreSQL does by itself."""
    raw: Any = connection.connection.driver_connection
    deadline = time.monotonic() + seconds
    raw.set_progress_handler(lambda: time.monotonic() > deadline, _PROGRESS_STEPS)


def _configure_postgresql(engine: Engine, pooling: Pooling) -> None:
    @event.listens_for(engine, "do_connect")
    def connect(dialect: Any, _: Any, arguments: Any, named: dict[str, Any]) -> Any:
        if not pooling.is_pooled:
            try:
                connection = dialect.connect(*arguments, **named)
            except dialect.loaded_dbapi.OperationalError as error:
                if "startup parameter" not in str(error):
                    raise
            else:
                if connection.pgconn.exec_(_IS_OWN_SESSION).get_value(0, 0) == b"on":
                    return connection
                # Many poolers are told to drop them silently.
                connection.close()
            pooling.is_pooled = True
        # Sessions are shared: what one prepares, another would not find.
        without = {name: value for name, value in named.items() if name != "options"}
        return dialect.connect(*arguments, **without, prepare_threshold=None)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        begins_itself = connection.get_execution_options().get("ledger_begins_itself")
        if pooling.is_pooled and not begins_itself:
            connection.exec_driver_sql(pooling.prelude)


def checkpoint(engine: Engine) -> bool:
    """Move SQLite's WAL into the file and empty it, so that the file alone is whole.

    Returns whether it could: not while another process reads or writes. That one is not waited for
    long, and not made to wait. Raises ``StoreUnavailable``.
    """
    if engine.dialect.name != "sqlite":
        return True
    try:
        with engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            raw.rollback()
            raw.execute("PRAGMA busy_timeout=0")
            # It must not go back to the pool without its timeout.
            connection.detach()
            for _ in range(_CHECKPOINT_TRIES):
                is_busy, _, _ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if not is_busy:
                    return True
                time.sleep(_CHECKPOINT_PAUSE_SECONDS)
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise StoreUnavailable(f"the database cannot be written: {explain(error)}") from error
    return False


def _is_in_transaction(connection: Any) -> bool:
    if isinstance(connection, sqlite3.Connection):
        return connection.in_transaction
    # psycopg's enumeration: 0 is idle.
    return int(connection.info.transaction_status) != 0


@contextmanager
def read_transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction that reads one consistent snapshot.

    Raises ``StoreUnavailable`` where the database cannot be reached or read.
    """
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection
    except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error) as error:
        raise StoreUnavailable(f"the database cannot be read: {explain(error)}") from error


@contextmanager
def write_transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes; on SQLite it holds the write lock from its beginning.

    Raises ``StoreUnavailable`` where the database cannot be reached, written or committed.
    """
    try:
        with engine.connect().execution_options(**IMMEDIATE) as connection, connection.begin():
            yield connection
    except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error) as error:
        # The driver's own errors too: bulk statements bypass SQLAlchemy.
        raise StoreUnavailable(f"the database cannot be written: {explain(error)}") from error


def advisory_lock(connection: Connection, number: int) -> None:
    """Wait until no other transaction holds the lock ``number``; hold it until this one ends.

    Does nothing on SQLite, where a write transaction already excludes every other one.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(number)))


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in order, in runs of ``size``; the last run may be shorter."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def explain(error: BaseException) -> str:
    """The driver's first line, without the statement and its parameters."""
    original = getattr(error, "orig", None) or error
    return (str(original).splitlines() or [type(original).__name__])[0]
