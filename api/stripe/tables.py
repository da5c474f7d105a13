"""The tables beside the log in which is remembered how far Stripe was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, Table, inspect
from sqlalchemy.dialects import postgresql, sqlite

from ledger.database import advisory_lock, read_transaction
from ledger.making import making_tables

__all__ = ["METADATA", "create_tables", "insert", "upsert"]

# The advisory lock's number: any that nothing else in the database uses.
_CREATE_LOCK = 0x73776570

METADATA = MetaData()


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
