"""The statements of an append on the driver's own connection, as each database has them quickest.

SQLAlchemy's way to a driver takes longer than most of these statements; transactions, connections
and errors are its own all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol
from uuid import UUID

import msgspec
from sqlalchemy import LargeBinary, Table, Uuid
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

__all__ = ["Statements", "Wanted", "statements"]

_HEAD = "SELECT position, chain FROM ledger_events_head"
_MOVE = "UPDATE ledger_events_head SET position = {0}, chain = {0}"
_BY_IDENTITY = "SELECT event_id, id, stream, type, state FROM ledger_events"
# One look at the end of the index per stream, however long the stream is.
_LAST_VERSION = """SELECT asked.stream, (
    SELECT MAX(originator_version) FROM ledger_events WHERE originator_id = asked.stream
)"""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What has to be known before anything is written."""

    identities: Sequence[str] = ()
    streams: Sequence[UUID] = ()


class Statements(Protocol):
    """One database's; ``raw`` is the driver's connection, in a transaction."""

    def lock(self, raw: Any, wanted: Wanted) -> tuple[Any, list[Any], list[tuple[UUID, int]]]:
        """Take the head's lock; then the head, and what ``look`` tells."""
        ...

    def look(self, raw: Any, wanted: Wanted) -> tuple[list[Any], list[tuple[UUID, int]]]:
        """The rows that have one of the identities, and the last version of each stream."""
        ...

    def write(self, raw: Any, table: Table, rows: list[Row], head: tuple[int, bytes]) -> None:
        """Write rows and move the head."""
        ...


class _Sqlite:
    """As many placeholders as there are values; SQLAlchemy's BEGIN has the lock already."""

    def lock(self, raw: Any, wanted: Wanted) -> tuple[Any, list[Any], list[tuple[UUID, int]]]:
        return raw.execute(_HEAD).fetchone(), *self.look(raw, wanted)

    def look(self, raw: Any, wanted: Wanted) -> tuple[list[Any], list[tuple[UUID, int]]]:
        known: list[Any] = []
        versions: list[tuple[UUID, int]] = []
        if wanted.identities:
            marks = ",".join("?" * len(wanted.identities))
            asked = f"{_BY_IDENTITY} WHERE event_id IN ({marks})"
            known = raw.execute(asked, wanted.identities).fetchall()
        if wanted.streams:
            marks = ",".join(["(?)"] * len(wanted.streams))
            asked = f"WITH asked(stream) AS (VALUES {marks}) {_LAST_VERSION} FROM asked"
            names = [stream.bytes for stream in wanted.streams]
            versions = [
                (UUID(bytes=name), last) for name, last in raw.execute(asked, names) if last
            ]
        return known, versions

    def write(self, raw: Any, table: Table, rows: list[Row], head: tuple[int, bytes]) -> None:
        names = list(rows[0])
        marks = ", ".join("?" * len(names))
        raw.executemany(
            f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})",
            [
                [value.bytes if value.__class__ is UUID else value for value in row.values()]
                for row in rows
            ],
        )
        raw.execute(_MOVE.format("?"), head)


class _Postgresql:
    """One text per statement, however many values there are; two of three ways there are saved."""

    def lock(self, raw: Any, wanted: Wanted) -> tuple[Any, list[Any], list[tuple[UUID, int]]]:
        # Each statement has a snapshot of its own: the second sees what the lock waited for.
        with _pipeline(raw):
            head = raw.execute(f"{_HEAD} FOR UPDATE", prepare=True)
            cursors = self._ask(raw, wanted)
        return head.fetchone(), *self._heard(*cursors)

    def look(self, raw: Any, wanted: Wanted) -> tuple[list[Any], list[tuple[UUID, int]]]:
        with _pipeline(raw):
            cursors = self._ask(raw, wanted)
        return self._heard(*cursors)

    @staticmethod
    def _ask(raw: Any, wanted: Wanted) -> tuple[Any, Any]:
        asked = f"{_BY_IDENTITY} WHERE event_id = ANY(%s)"
        versions = f"{_LAST_VERSION} FROM unnest(%s::uuid[]) AS asked(stream)"
        return (
            raw.execute(asked, (list(wanted.identities),), prepare=True, binary=True),
            raw.execute(versions, (list(wanted.streams),), prepare=True, binary=True),
        )

    @staticmethod
    def _heard(known: Any, versions: Any) -> tuple[list[Any], list[tuple[UUID, int]]]:
        return known.fetchall(), [(stream, last) for stream, last in versions if last]

    def write(self, raw: Any, table: Table, rows: list[Row], head: tuple[int, bytes]) -> None:
        insert, plain, binary = _insert(table, tuple(rows[0]))
        # Making one JSON text is a small part of the work of making an array per column.
        document = msgspec.json.encode([{name: row[name] for name in plain} for row in rows])
        with _pipeline(raw):
            arrays = [[row[name] for row in rows] for name in binary]
            raw.execute(insert, (document.decode(), *arrays), prepare=True)
            raw.execute(_MOVE.format("%s"), head, prepare=True)


@cache
def _insert(table: Table, names: tuple[str, ...]) -> tuple[str, list[str], list[str]]:
    """The statement that writes rows; the columns of its JSON text, and those of its arrays."""
    binary = [name for name in names if isinstance(table.c[name].type, LargeBinary)]
    plain = [name for name in names if name not in binary]
    types = ", ".join(f"{name} {_type(table, name)}" for name in plain)
    arrays = ", ".join(["unnest(%b::bytea[])"] * len(binary))
    text = (
        f"INSERT INTO {table.name} ({', '.join([*plain, *binary])}) SELECT * FROM"
        f" ROWS FROM (json_to_recordset(%t::json) AS ({types}), {arrays})"
    )
    return text, plain, binary


_DIALECT = postgresql.base.PGDialect()  # type: ignore[no-untyped-call]


def _type(table: Table, name: str) -> str:
    # The library's column of UUIDs is its own type, which PostgreSQL has natively.
    type_ = Uuid() if name == "originator_id" else table.c[name].type
    return str(type_.compile(dialect=_DIALECT))


def _pipeline(raw: Any) -> AbstractContextManager[Any]:
    # A client library older than PostgreSQL 14 goes there and back for each.
    return raw.pipeline() if _has_pipelines() else nullcontext()


def _has_pipelines() -> bool:
    import psycopg

    return psycopg.Pipeline.is_supported()


_OF: Mapping[str, Statements] = {"sqlite": _Sqlite(), "postgresql": _Postgresql()}


@contextmanager
def statements(session: Session) -> Iterator[tuple[Statements, Any]]:
    """The statements of the session's database and the connection to call them with.

    What the driver raises comes out as SQLAlchemy's.
    """
    connection = session.connection()
    dialect = connection.dialect
    assert dialect.loaded_dbapi is not None
    base = dialect.loaded_dbapi.Error
    try:
        yield _OF[dialect.name], connection.connection.driver_connection
    except base as error:
        raise DBAPIError.instance(None, None, error, base, dialect=dialect) from error
