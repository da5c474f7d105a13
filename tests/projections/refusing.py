"""Databases that refuse each write of some objects, statement by statement, for good."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from sqlalchemy import Connection, Table

from ledger.database import write_transaction
from projections import Projections
from projections.drivers.serving import Serving
from projections.tables.catalog import Catalog
from projections.tables.schema import KindTables, StoreTables

# What the database says when it refuses: none of it may be shown.
SECRET = "4242424242424242"

Tables = KindTables | StoreTables
_OF_ROWS = ("rows", "terms", "dead_letters")


@dataclass(frozen=True)
class Refusal:
    """An operation on a table that is refused: INSERT (upserts too), UPDATE or DELETE."""

    table: str
    operation: str

    def __str__(self) -> str:
        return f"{self.operation.lower()} {self.table}"


EVERY = [
    Refusal(table, operation)
    for table in ("rows", "terms", "objects", "components", "dead_letters")
    for operation in ("INSERT", "UPDATE", "DELETE")
    # All of a term is its key.
    if (table, operation) != ("terms", "UPDATE")
]


def refuse(connection: Connection, tables: Tables, refusal: Refusal, ids: Sequence[str]) -> None:
    """Let the database refuse an operation for the objects with some ids."""
    letters = Catalog(connection.engine).control.dead_letters
    table = letters if refusal.table == "dead_letters" else getattr(tables, refusal.table)
    row = "OLD" if refusal.operation == "DELETE" else "NEW"
    is_sqlite = connection.dialect.name == "sqlite"
    condition = " OR ".join(_condition(refusal.table, row, id, is_sqlite) for id in ids)
    if refusal.table == "dead_letters":
        condition = f"({condition}) AND {row}.table_name = '{tables.name}'"
    name = f"refuse_{refusal.operation}_{tables.name}_{refusal.table}"
    for statement in _statements(is_sqlite, name, refusal.operation, table, condition, row):
        connection.exec_driver_sql(statement)


def _condition(table: str, row: str, id: str, is_sqlite: bool) -> str:
    if table in ("components", "terms"):
        column = "content" if table == "components" else "row_key"
        return (
            f"instr({row}.{column}, CAST('{id}' AS BLOB)) > 0"
            if is_sqlite
            else f"position('{id}'::bytea IN {row}.{column}) > 0"
        )
    return f"{row}.{'row_id' if table == 'dead_letters' else 'id'} = '{id}'"


def _statements(
    is_sqlite: bool, name: str, operation: str, table: Table, condition: str, row: str
) -> list[str]:
    if is_sqlite:
        return [
            f"CREATE TRIGGER {name} BEFORE {operation} ON {table.fullname} WHEN {condition}"
            f" BEGIN SELECT RAISE(ABORT, 'refused: {SECRET}'); END"
        ]
    return [
        f"""CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF {condition.replace("%", "%%")} THEN
              RAISE EXCEPTION 'refused: {SECRET}' USING ERRCODE = 'check_violation',
                CONSTRAINT = 'only_good_ones';
            END IF;
            RETURN {row};
        END $$""",
        f"CREATE TRIGGER {name} BEFORE {operation} ON {table.fullname} FOR EACH ROW"
        f" EXECUTE FUNCTION {name}()",
    ]


@contextmanager
def refusing(
    projections: Projections, kind: str, refusals: Sequence[Refusal], *ids: str
) -> Iterator[None]:
    """Refuse operations for some ids in a kind's live tables, and in all that are made inside."""
    catalog = projections.catalog
    [unit] = Serving.read(catalog, projections.families).units_of([projections.kinds[kind]])
    refused: list[tuple[Tables, Refusal]] = []

    def install(connection: Connection, tables: Tables) -> None:
        is_rows = isinstance(tables, KindTables)
        if (tables.kind if isinstance(tables, KindTables) else tables.family).name != kind:
            return
        for refusal in refusals:
            if (refusal.table in _OF_ROWS) == is_rows:
                refuse(connection, tables, refusal, ids)
                refused.append((tables, refusal))

    make, make_store = Catalog.make, Catalog.make_store

    def make_refusing(
        self: Catalog,
        connection: Connection,
        tables: KindTables,
        store: StoreTables,
        **options: Any,
    ) -> None:
        make(self, connection, tables, store, **options)
        if self is catalog:
            install(connection, tables)

    def make_store_refusing(self: Catalog, connection: Connection, tables: StoreTables) -> None:
        make_store(self, connection, tables)
        if self is catalog:
            install(connection, tables)

    with write_transaction(catalog.engine) as connection:
        install(connection, unit.store)
        for tables in unit.rows:
            install(connection, tables)
    with (
        patch.object(Catalog, "make", make_refusing),
        patch.object(Catalog, "make_store", make_store_refusing),
    ):
        yield
    with write_transaction(catalog.engine) as connection:
        for its, refusal in refused:
            _accept(connection, its, refusal)


def _accept(connection: Connection, tables: Tables, refusal: Refusal) -> None:
    name = f"refuse_{refusal.operation}_{tables.name}_{refusal.table}"
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
    else:
        connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {name} CASCADE")
