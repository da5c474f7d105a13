"""The tables beside the log in which is remembered how far Stripe was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    inspect,
)
from sqlalchemy.dialects import postgresql, sqlite

from ledger.database import advisory_lock, read_transaction
from ledger.making import making_tables

__all__ = [
    "BACKFILLS",
    "BALANCE_READ",
    "BALANCE_SWEEPS",
    "BALANCE_WANTED",
    "FETCHED",
    "METADATA",
    "SWEEPS",
    "THIN",
    "create_tables",
    "insert",
    "members_of",
    "save",
    "upsert",
]

# The advisory lock's number: any that nothing else in the database uses.
_CREATE_LOCK = 0x73776570

METADATA = MetaData()

# In keys of accounts the own one is the empty text, for a key has no null.
SWEEPS = Table(
    "ledger_stripe_sweeps",
    METADATA,
    Column("account", String(255), primary_key=True),
    Column("livemode", Boolean, primary_key=True),
    Column("swept_until", BigInteger, nullable=False),
    Column("since", BigInteger),
    Column("until", BigInteger),
    Column("cursor", String(255)),
    Column("is_gone", Boolean, nullable=False),
)
FETCHED = Table(
    "ledger_stripe_fetched",
    METADATA,
    Column("event_id", String(255), primary_key=True),
    Column("type", String(128), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("fetched_at", BigInteger, nullable=False),
    Column("delivered_at", BigInteger),
)
BACKFILLS = Table(
    "ledger_stripe_backfills",
    METADATA,
    Column("account", String(255), primary_key=True),
    Column("livemode", Boolean, primary_key=True),
    Column("listing", String(255), primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("cursor", String(255)),
    Column("created", BigInteger),
    Column("objects", BigInteger, nullable=False),
    Column("recorded", BigInteger, nullable=False),
    Column("is_done", Boolean, nullable=False),
)
THIN = Table(
    "ledger_stripe_thin",
    METADATA,
    Column("livemode", Boolean, primary_key=True),
    Column("position", BigInteger, nullable=False),
)
BALANCE_SWEEPS = Table(
    "ledger_stripe_balance",
    METADATA,
    Column("account", String(255), primary_key=True),
    Column("livemode", Boolean, primary_key=True),
    Column("swept_until", BigInteger, nullable=False),
    Column("since", BigInteger),
    Column("until", BigInteger),
    Column("cursor", String(255)),
)
BALANCE_WANTED = Table(
    "ledger_stripe_balance_wanted",
    METADATA,
    Column("account", String(255), primary_key=True),
    Column("livemode", Boolean, primary_key=True),
    Column("id", String(255), primary_key=True),
    Column("reason", String(16), nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("cursor", String(255)),
)
BALANCE_READ = Table(
    "ledger_stripe_balance_read",
    METADATA,
    Column("livemode", Boolean, primary_key=True),
    Column("position", BigInteger, nullable=False),
)


def create_tables(engine: Engine) -> None:
    """Create the tables that are missing; safe from many processes at once."""
    with read_transaction(engine) as connection:
        if METADATA.tables.keys() <= set(inspect(connection).get_table_names()):
            return
    with making_tables(engine) as connection:
        advisory_lock(connection, _CREATE_LOCK)
        METADATA.create_all(connection)


def insert(connection: Connection, table: Table) -> Any:
    """An insertion in the database's own dialect, which says what to do on a conflict."""
    module = sqlite if connection.dialect.name == "sqlite" else postgresql
    return module.insert(table)


def upsert(connection: Connection, table: Table, values: Mapping[str, Any]) -> None:
    """Write a row in the place of the one with its key, if there is one."""
    statement = insert(connection, table).values(values)
    keys = [column.name for column in table.primary_key]
    connection.execute(
        statement.on_conflict_do_update(index_elements=keys, set_=dict(statement.excluded))
    )


def save(connection: Connection, table: Table, state: Any, *, replaces: bool = True) -> None:
    """Write a state, a dataclass with the table's columns.

    It ``replaces`` the one with its key, or else is left out where there is one.
    """
    values = {**asdict(state), "account": state.account or ""}
    if replaces:
        upsert(connection, table, values)
    else:
        connection.execute(insert(connection, table).values(values).on_conflict_do_nothing())


def members_of(row: RowMapping) -> dict[str, Any]:
    """The members of the state that a row was saved from."""
    return {**row, "account": row["account"] or None}
