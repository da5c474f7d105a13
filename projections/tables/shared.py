"""Making the shared tables, also where an older version made them otherwise."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, Table, inspect, text

from projections.tables.rights import make_schema
from projections.tables.schema import Control

__all__ = ["make_shared"]


def make_shared(connection: Connection, control: Control, kinds: Iterable[str]) -> None:
    """Make the shared tables that are missing, with their schema, and the columns they lack.

    ``kinds`` are to have their views there.
    """
    if control.metadata.schema is not None:
        shared = [table.name for table in control.metadata.tables.values()]
        make_schema(connection, [*shared, *kinds])
    for table in (control.rebuilds, control.leaders):
        _drop_outdated(connection, table)
    control.metadata.create_all(connection)
    _add_columns(connection, control.checkpoints)


def _drop_outdated(connection: Connection, table: Table) -> None:
    """Drop a table of an older version that holds only work in progress."""
    inspector = inspect(connection)
    if inspector.has_table(table.name, schema=table.schema):
        columns = inspector.get_columns(table.name, schema=table.schema)
        if {column["name"] for column in columns} != set(table.c.keys()):
            table.drop(connection)


def _add_columns(connection: Connection, table: Table) -> None:
    """Add the columns that a table of an older version lacks; they may be null."""
    columns = inspect(connection).get_columns(table.name, schema=table.schema)
    known = {column["name"] for column in columns}
    for column in table.c:
        if column.name not in known:
            type = column.type.compile(connection.dialect)
            connection.execute(
                text(f"ALTER TABLE {table.fullname} ADD COLUMN {column.name} {type}")
            )
