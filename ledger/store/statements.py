"""The statements of an append on the driver's own connection, as each database runs them quickest.

SQLAlchemy's way to a driver takes longer than most of these statements; transactions, connections
and errors are its own all the same. Each call releases the interpreter's lock as seldom as it can:
under load, every time is a wait in line with all request threads to get it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from ledger.store.existing import ExistingRow
from ledger.store.sqlite import Sqlite

__all__ = ["Lookup", "Statements", "statements"]


@dataclass(frozen=True, slots=True)
class Lookup:
    """What an append has to look up before it writes: identities of events, and streams."""

    identities: Sequence[str] = ()
    streams: Sequence[UUID] = ()


class Statements(Protocol):
    """One database's statements; ``raw`` is the driver's connection."""

    def lock(
        self, raw: Any, identities: Sequence[str], streams: Sequence[UUID], prelude: str
    ) -> tuple[tuple[int, bytes], list[ExistingRow], list[tuple[UUID, int]]]:
        """Lock the head, beginning the transaction where it has not begun, with ``prelude``.

        Returns the head (the last position and its chain value), and what ``look_up`` returns.
        """
        ...

    def look_up(
        self, raw: Any, identities: Sequence[str], streams: Sequence[UUID]
    ) -> tuple[list[ExistingRow], list[tuple[UUID, int]]]:
        """The rows that have one of the identities, and the last version of each stream."""
        ...

    def write(
        self, raw: Any, table: Table, rows: list[dict[str, Any]], head: tuple[int, bytes]
    ) -> None:
        """Insert rows and move the head."""
        ...


@cache
def _statements_of(database: str) -> Statements:
    if database == "sqlite":
        return Sqlite()
    # Its driver is installed only where it is used.
    from ledger.store.postgresql import Postgresql

    return Postgresql()


@contextmanager
def statements(session: Session) -> Iterator[tuple[Statements, Any]]:
    """The statements of the session's database and the connection to call them with.

    The driver's errors are raised as SQLAlchemy's.
    """
    connection = session.connection()
    dialect = connection.dialect
    assert dialect.loaded_dbapi is not None
    base = dialect.loaded_dbapi.Error
    try:
        yield _statements_of(dialect.name), connection.connection.driver_connection
    except base as error:
        raise DBAPIError.instance(None, None, error, base, dialect=dialect) from error
