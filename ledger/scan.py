"""Scanning: many rows of the log at once, through the driver, as the projections read them."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from ledger.recorded import COLUMNS, RecordedEvent, recorded_events

__all__ = ["scan"]

_QUERY = (
    f"SELECT {', '.join(COLUMNS)}, 0 FROM ledger_events"
    " WHERE id > {mark} AND id <= {mark} ORDER BY id"
)
_SQLITE, _POSTGRESQL = _QUERY.format(mark="?"), _QUERY.format(mark="%s")


def scan(
    connection: Connection, decode: Callable[[bytes], bytes] | None, after: int, upto: int
) -> list[RecordedEvent]:
    """The rows at the positions ``after`` < position <= ``upto``, in order.

    A range of positions and not one long cursor: that would keep SQLite's WAL from being reset
    and PostgreSQL's vacuum from cleaning, and gapless positions make ranges consistent.
    """
    driver = connection.connection.driver_connection
    assert driver is not None
    if connection.dialect.name == "sqlite":
        return recorded_events(driver.execute(_SQLITE, (after, upto)).fetchall(), decode)
    with driver.cursor(binary=True) as cursor:
        return recorded_events(cursor.execute(_POSTGRESQL, (after, upto)).fetchall(), decode)
