"""The log's tables and its head row, made once."""

from __future__ import annotations

import struct
import warnings

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    select,
    text,
)

from ledger.chain import GENESIS, first_link_of_formula_1
from ledger.columns import INTEGER
from ledger.database import advisory_lock
from ledger.errors import ConfigurationError
from ledger.making import making_tables, use_wal
from ledger.store import guards

__all__ = ["NEWEST_HEAD", "create", "refuse_formula_1"]

# On PostgreSQL `guards` makes the position its key.
_HEAD = Table(
    "ledger_events_head",
    MetaData(),
    Column("one", Integer, CheckConstraint("one = 1"), primary_key=True, autoincrement=False),
    Column("position", INTEGER, nullable=False),
    Column("chain", LargeBinary, nullable=False),
)

# The head, without looking at what a stranger's snapshot keeps of it.
NEWEST_HEAD = select(_HEAD.c.position, _HEAD.c.chain).order_by(_HEAD.c.position.desc()).limit(1)

# Any number that nothing else uses: processes that start at once wait for each other.
_CREATE_LOCK = 0x6C656467

# PostgreSQL's own compression halves the size of the log, and more than halves its speed.
_UNCOMPRESSED = "ALTER TABLE ledger_events ALTER COLUMN state SET STORAGE EXTERNAL"

# Nobody who only appends needs to own the tables, nor to be able to drop what guards them.
_LACKING_RIGHTS = text(
    "SELECT current_user, name, \"right\" FROM (VALUES ('ledger_events', 'SELECT'),"
    " ('ledger_events', 'INSERT'), ('ledger_events_head', 'UPDATE')) AS needed(name, \"right\")"
    ' WHERE NOT has_table_privilege(name, "right")'
)

_FIRST_ROW = text("SELECT event_id, received_at, state, chain FROM ledger_events WHERE id = 1")


def create(engine: Engine, events: Table) -> None:
    """Create the log's tables, triggers and indexes where they are missing.

    Any number of processes may do so at once. Nothing is altered where all of them exist, so that
    a start takes no heavy lock beside a running ledger. Raises ``StoreUnavailable``, and
    ``ConfigurationError`` for a log that this version cannot continue, or this user.
    """
    is_sqlite = engine.dialect.name == "sqlite"
    use_wal(engine)
    with making_tables(engine) as connection:
        refuse_other_encodings(connection)
        advisory_lock(connection, _CREATE_LOCK)
        if _has_head(connection):
            if not is_sqlite:
                _refuse_without_rights(connection)
            refuse_formula_1(connection)
            if lost := guards.missing(connection):
                guards.restore(connection, lost)
                warnings.warn(f"made again what guards the log: {', '.join(lost)}", stacklevel=2)
            return
        events.create(connection, checkfirst=True)
        _HEAD.create(connection, checkfirst=True)
        if not is_sqlite:
            connection.exec_driver_sql(_UNCOMPRESSED)
        connection.execute(_HEAD.insert().values(one=1, position=0, chain=GENESIS))
        # Last: it lets nobody insert another head.
        guards.create(connection)


def refuse_formula_1(connection: Connection) -> None:
    """Raise ``ConfigurationError`` for a log whose chain has the formula of earlier versions."""
    first = connection.execute(_FIRST_ROW).first()
    try:
        old = first and first_link_of_formula_1(first.event_id, first.received_at, first.state)
    except (AttributeError, TypeError, struct.error):
        return  # no append wrote such values; `verify` says which
    if first is not None and first.chain == old:
        raise ConfigurationError(
            "the log's chain has formula 1, which covered neither source nor type; this version"
            " writes and verifies formula 2. Export the log with the version that wrote it, and"
            " import it with --partial into a new database"
        )


def refuse_other_encodings(connection: Connection) -> None:
    """Raise ``ConfigurationError`` for a database that does not store texts as UTF-8.

    It could not store or give back every name, or would sort them in another order.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    question = "PRAGMA encoding" if is_sqlite else "SHOW server_encoding"
    encoding = str(connection.exec_driver_sql(question).scalar())
    if encoding not in ("UTF-8", "UTF8"):
        raise ConfigurationError(
            f"the database has the encoding {encoding}; the ledger needs one made with UTF-8"
            " (CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0)"
        )


def _refuse_without_rights(connection: Connection) -> None:
    """Raise ``ConfigurationError`` where the user may not append: better now than at a delivery."""
    for user, table, right in connection.execute(_LACKING_RIGHTS):
        raise ConfigurationError(
            f"the database's user {user} may not append; let the owner of the table run:"
            f" GRANT {right} ON {table} TO {user}"
        )


def _has_head(connection: Connection) -> bool:
    if not connection.dialect.has_table(connection, _HEAD.name):
        return False
    return connection.execute(NEWEST_HEAD).first() is not None
