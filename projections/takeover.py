"""Taking over: a table begins to serve once it knows no less than the one that serves."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Connection, select

from ledger import Log, StoreUnavailable
from projections.engine import create_lock, writing
from projections.follow import advance
from projections.pointer import Places
from projections.tables import KindTables

__all__ = ["take_over"]

_BATCH = 5000
_TRIES = 40

Guard = Callable[[Connection], None]


def take_over(places: Places, log: Log, tables: KindTables, guard: Guard | None = None) -> None:
    """Follow a table to the head of the log and let it serve; held up, it is tried again.

    ``guard`` is asked in the flip's own transaction, and raises where it must not be.
    """
    for attempt in range(_TRIES):
        while advance(places, log, [tables], batch=_BATCH):
            pass
        try:
            with writing(places.engine) as connection:
                create_lock(connection)
                if guard is not None:
                    guard(connection)
                if _knows_no_less(places, connection, tables):
                    places.flip(connection, tables)
                    return
        except StoreUnavailable:
            # Somebody reads the view and holds its lock; the old table goes on meanwhile.
            if attempt == _TRIES - 1:
                raise
            time.sleep(min(0.05 * 2**attempt, 1.0))
    raise StoreUnavailable(f"{tables.name} did not catch up with the table that serves")


def _knows_no_less(places: Places, connection: Connection, tables: KindTables) -> bool:
    """Compare, and hold the serving table where it is until this transaction ends.

    Otherwise a follower could move it on after the comparison, and readers would go back in time.
    """
    pointer = places.pointer(connection, tables.kind.name)
    assert pointer is not None
    table = places.control.positions
    serving = select(table.c.position).where(table.c.table_name == pointer.table_name)
    stands = connection.execute(serving.with_for_update()).scalar()
    mine = places.position(connection, tables.name)
    return mine is not None and mine[0] >= (stands or 0)
