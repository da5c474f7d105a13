"""The statements of an append, as each database takes them quickest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Dialect, Table, Uuid
from sqlalchemy.dialects import postgresql

__all__ = ["STATEMENTS", "as_uuid"]

Statement = tuple[str, tuple[Any, ...]]

_BY_IDENTITY = "SELECT event_id, id, stream, type, state FROM ledger_events"
# One look at the end of the index per stream, however long the stream is.
_LAST_VERSION = """SELECT asked.stream, (
    SELECT MAX(originator_version) FROM ledger_events WHERE originator_id = asked.stream
)"""


class _Sqlite:
    """As many placeholders as there are values."""

    @staticmethod
    def identities(names: Sequence[str]) -> Statement:
        """Asks for the rows that have one of the identities."""
        marks = ",".join("?" * len(names))
        return f"{_BY_IDENTITY} WHERE event_id IN ({marks})", tuple(names)

    @staticmethod
    def streams(streams: Sequence[UUID]) -> Statement:
        """Asks for the last version of each stream."""
        marks = ",".join(["(?)"] * len(streams))
        return (
            f"WITH asked(stream) AS (VALUES {marks}) {_LAST_VERSION} FROM asked",
            tuple(stream.bytes for stream in streams),
        )

    @staticmethod
    def insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
        """Writes rows, each a call of one prepared statement."""
        names = list(rows[0])
        marks = ", ".join("?" * len(names))
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})",
            [tuple(map(_plain, row.values())) for row in rows],
        )


class _Postgresql:
    """Arrays: one statement whose text never changes, however many values there are."""

    @staticmethod
    def identities(names: Sequence[str]) -> Statement:
        """Asks for the rows that have one of the identities."""
        return f"{_BY_IDENTITY} WHERE event_id = ANY(%s)", (list(names),)

    @staticmethod
    def streams(streams: Sequence[UUID]) -> Statement:
        """Asks for the last version of each stream."""
        return f"{_LAST_VERSION} FROM unnest(%s::uuid[]) AS asked(stream)", (list(streams),)

    @staticmethod
    def insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
        """Writes rows in one statement, a column at a time."""
        names = list(rows[0])
        arrays = ", ".join(f"%b::{_array_type(table, name)}" for name in names)
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({', '.join(names)}) SELECT * FROM unnest({arrays})",
            tuple([row[name] for row in rows] for name in names),
        )


_DIALECT: Dialect = postgresql.base.PGDialect()  # type: ignore[no-untyped-call]


def _plain(value: Any) -> Any:
    return value.bytes if value.__class__ is UUID else value


def _array_type(table: Table, name: str) -> str:
    # The library's column of UUIDs is its own type, which PostgreSQL has natively.
    type_ = Uuid() if name == "originator_id" else table.c[name].type
    return f"{type_.compile(dialect=_DIALECT)}[]"


STATEMENTS: Mapping[str, type[_Sqlite] | type[_Postgresql]] = {
    "sqlite": _Sqlite,
    "postgresql": _Postgresql,
}


def as_uuid(value: UUID | bytes) -> UUID:
    """A stream's id as a driver gives it."""
    return value if isinstance(value, UUID) else UUID(bytes=value)
