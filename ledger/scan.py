"""Scanning: the log's lines as a fold reads them, many at a time and nothing more than it needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import Connection

from ledger.identity import QUARANTINE_STREAM

__all__ = ["Line", "scan"]

_COLUMNS = "id, event_id, type, account, livemode, created"


class Line(NamedTuple):
    """One row of the log without what only people ask for."""

    position: int
    event_id: str
    type: str
    account: str | None
    livemode: bool | None
    created: int
    is_quarantined: bool
    body: bytes


def scan(
    connection: Connection, body: Callable[[bytes], bytes] | None, after: int, upto: int
) -> list[Line]:
    """The lines at the positions ``after`` < position <= ``upto``, in order.

    A stretch by position and not one long cursor: that would keep SQLite's WAL from being reset
    and PostgreSQL's vacuum from cleaning, and gapless positions make stretches consistent.
    """
    rows = _rows(connection, after, upto)
    if body is None:
        return list(map(Line._make, rows))
    return [Line._make((*row[:-1], body(row[-1]))) for row in rows]


def _rows(connection: Connection, after: int, upto: int) -> list[tuple[Any, ...]]:
    driver = connection.connection.driver_connection
    assert driver is not None
    if connection.dialect.name == "sqlite":
        query = (
            f"SELECT {_COLUMNS}, originator_id = ?, state FROM ledger_events"
            " WHERE id > ? AND id <= ? ORDER BY id"
        )
        found: list[tuple[Any, ...]] = driver.execute(
            query, (QUARANTINE_STREAM.bytes, after, upto)
        ).fetchall()
        return found
    query = (
        f"SELECT {_COLUMNS}, originator_id = %s, state FROM ledger_events"
        " WHERE id > %s AND id <= %s ORDER BY id"
    )
    with driver.cursor(binary=True) as cursor:
        cursor.execute(query, (QUARANTINE_STREAM, after, upto))
        return list(cursor.fetchall())
