"""Writing rows by the thousand, as each database takes them quickest."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql

from ledger.database import chunks

__all__ = ["WRITERS", "Writer"]

Rows = Sequence[tuple[Any, ...]]

_DIALECT = postgresql.base.PGDialect()  # type: ignore[no-untyped-call]
# SQLite takes at most 32,766 parameters in one statement.
_CHUNK = 500
# From so many rows on, PostgreSQL's COPY is worth its own round trip.
_COPY_MIN = 200


class Writer(Protocol):
    """Rows as tuples of all columns of a table, in their order."""

    def together(self) -> AbstractContextManager[Any]:
        """A block whose writes may go to the database in one step."""

    def insert(self, table: Table, rows: Rows) -> None:
        """Insert rows with new keys."""

    def upsert(self, table: Table, rows: Rows) -> None:
        """Insert rows, or replace those with the same keys."""

    def add(self, table: Table, rows: Rows) -> None:
        """Insert rows, or add what is no key to those with the same keys."""

    def delete(self, table: Table, column: str, keys: Collection[Any]) -> None:
        """Delete the rows with some values in a column."""

    def remove(self, table: Table, rows: Rows) -> None:
        """Delete rows, in a table whose columns are all part of its key."""

    def select(self, table: Table, columns: str, by: str, keys: Collection[Any]) -> Rows:
        """Some columns of the rows with some values in a column."""


class _Sqlite:
    def __init__(self, connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert driver is not None
        self._driver = driver

    def together(self) -> AbstractContextManager[Any]:
        return nullcontext()

    def insert(self, table: Table, rows: Rows) -> None:
        if rows:
            self._driver.executemany(_values(table), rows)

    def upsert(self, table: Table, rows: Rows) -> None:
        if rows:
            self._driver.executemany(f"{_values(table)} {_on_conflict(table)}", rows)

    def add(self, table: Table, rows: Rows) -> None:
        if rows:
            self._driver.executemany(f"{_values(table)} {_adding(table)}", rows)

    def delete(self, table: Table, column: str, keys: Collection[Any]) -> None:
        statement = f"DELETE FROM {table.fullname} WHERE {column} = ?"
        self._driver.executemany(statement, [(key,) for key in keys])

    def remove(self, table: Table, rows: Rows) -> None:
        if rows:
            condition = " AND ".join(f'"{column.name}" = ?' for column in table.c)
            self._driver.executemany(f"DELETE FROM {table.fullname} WHERE {condition}", rows)

    def select(self, table: Table, columns: str, by: str, keys: Collection[Any]) -> Rows:
        rows: list[tuple[Any, ...]] = []
        for chunk in chunks(sorted(keys), _CHUNK):
            marks = ",".join("?" * len(chunk))
            query = f"SELECT {columns} FROM {table.fullname} WHERE {by} IN ({marks})"
            rows += self._driver.execute(query, chunk).fetchall()
        return rows


class _Postgresql:
    def __init__(self, connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert driver is not None
        self._driver = driver

    def together(self) -> AbstractContextManager[Any]:
        return self._driver.pipeline()  # type: ignore[no-any-return]

    def insert(self, table: Table, rows: Rows) -> None:
        # COPY has no place in a pipeline.
        if len(rows) < _COPY_MIN or self._driver.pgconn.pipeline_status:
            self._unnest(table, rows, "")
            return
        names = ", ".join(f'"{column.name}"' for column in table.c)
        statement = f"COPY {table.fullname} ({names}) FROM STDIN (FORMAT BINARY)"
        with self._driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types([_type(column) for column in table.c])
            for row in rows:
                copy.write_row(row)

    def upsert(self, table: Table, rows: Rows) -> None:
        self._unnest(table, rows, _on_conflict(table))

    def add(self, table: Table, rows: Rows) -> None:
        self._unnest(table, rows, _adding(table))

    def _unnest(self, table: Table, rows: Rows, conflict: str) -> None:
        if not rows:
            return
        names = ", ".join(f'"{column.name}"' for column in table.c)
        arrays = ", ".join(f"%b::{_type(column)}[]" for column in table.c)
        statement = f"INSERT INTO {table.fullname} ({names}) SELECT * FROM unnest({arrays})"
        with self._driver.cursor() as cursor:
            cursor.execute(
                f"{statement} {conflict}", [list(column) for column in zip(*rows, strict=True)]
            )

    def delete(self, table: Table, column: str, keys: Collection[Any]) -> None:
        if keys:
            with self._driver.cursor() as cursor:
                cursor.execute(
                    f"DELETE FROM {table.fullname} WHERE {column} = ANY(%b)", [list(keys)]
                )

    def remove(self, table: Table, rows: Rows) -> None:
        if not rows:
            return
        names = ", ".join(f'"{column.name}"' for column in table.c)
        arrays = ", ".join(f"%b::{_type(column)}[]" for column in table.c)
        equal = " AND ".join(f'kept."{column.name}" = gone."{column.name}"' for column in table.c)
        with self._driver.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {table.fullname} kept USING unnest({arrays}) gone({names})"
                f" WHERE {equal}",
                [list(column) for column in zip(*rows, strict=True)],
            )

    def select(self, table: Table, columns: str, by: str, keys: Collection[Any]) -> Rows:
        if not keys:
            return []
        with self._driver.cursor(binary=True) as cursor:
            cursor.execute(
                f"SELECT {columns} FROM {table.fullname} WHERE {by} = ANY(%b)", [sorted(keys)]
            )
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


WRITERS: Mapping[str, type[_Sqlite] | type[_Postgresql]] = {
    "sqlite": _Sqlite,
    "postgresql": _Postgresql,
}


def _values(table: Table) -> str:
    names = ", ".join(f'"{column.name}"' for column in table.c)
    return f"INSERT INTO {table.fullname} ({names}) VALUES ({', '.join('?' * len(table.c))})"


def _on_conflict(table: Table) -> str:
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key)
    changed = [column.name for column in table.c if not column.primary_key]
    if not changed:
        return "ON CONFLICT DO NOTHING"
    updates = ", ".join(f'"{name}" = excluded."{name}"' for name in changed)
    return f"ON CONFLICT ({keys}) DO UPDATE SET {updates}"


def _adding(table: Table) -> str:
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key)
    updates = ", ".join(
        f'"{column.name}" = {table.name}."{column.name}" + excluded."{column.name}"'
        for column in table.c
        if not column.primary_key
    )
    return f"ON CONFLICT ({keys}) DO UPDATE SET {updates}"


def _type(column: Any) -> str:
    name = str(column.type.dialect_impl(_DIALECT).compile(dialect=_DIALECT))
    # A collation is no part of a type's name.
    return name.partition(" COLLATE ")[0].lower()
