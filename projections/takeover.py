"""Taking over: a table begins to serve once it knows no less than the one that serves."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from sqlalchemy import Connection, select

from ledger import Log, StoreUnavailable
from ledger.database import reading
from projections.engine import create_lock, writing
from projections.errors import FlipBlocked
from projections.follow import advance, take_in
from projections.holders import holders
from projections.pointer import Places
from projections.tables import KindTables

__all__ = ["take_over"]

_BATCH = 5000
_REST_SECONDS_MIN = 0.05
_REST_SECONDS_MAX = 1.0
_PATIENCE_SECONDS = 600

Guard = Callable[[Connection], None]
Rest = Callable[[float], None]


def take_over(
    places: Places,
    log: Log,
    tables: Sequence[KindTables],
    *,
    guard: Guard | None = None,
    rest: Rest = time.sleep,
    for_ever: bool = False,
) -> None:
    """Follow tables to the head of the log and let each serve as soon as nothing is in its way.

    A session that holds a view is waited for, ten minutes or ``for_ever``; what is built on a view
    as well, where it is for ever. Then ``FlipBlocked`` says what was in the way; the other tables
    have taken over all the same. ``guard`` is asked in the flip's own transaction, and raises where
    it must not be; ``rest`` is called between two tries, and raises to end them.
    """
    waiting, lasting = list(tables), list[str]()
    delay, until = _REST_SECONDS_MIN, time.monotonic() + _PATIENCE_SECONDS
    while True:
        held: list[tuple[KindTables, StoreUnavailable]] = []
        for one in waiting.copy():
            try:
                if _flips(places, log, one, guard):
                    waiting.remove(one)
            except FlipBlocked as blocked:
                if not for_ever:
                    waiting.remove(one)
                    lasting.append(str(blocked))
            except StoreUnavailable as error:
                held.append((one, error))
        if waiting and not for_ever and time.monotonic() > until:
            lasting += [_held(places, one, error) for one, error in held]
            break
        if not waiting:
            break
        rest(delay)
        delay = min(2 * delay, _REST_SECONDS_MAX)
    if lasting:
        raise FlipBlocked("; ".join(lasting))


def _flips(places: Places, log: Log, tables: KindTables, guard: Guard | None) -> bool:
    """Try once; False where it is too far behind by now."""
    while advance(places, log, [tables], batch=_BATCH) >= _BATCH:
        pass
    with writing(places.engine) as connection:
        create_lock(connection)
        if guard is not None:
            guard(connection)
        if not _knows_no_less(places, log, connection, tables):
            return False
        places.flip(connection, tables)
        return True


def _knows_no_less(places: Places, log: Log, connection: Connection, tables: KindTables) -> bool:
    """Hold the serving table where it is until this transaction ends, and come up to it.

    Otherwise a follower could move it on after the comparison, and readers would go back in time;
    and where events never cease, whoever only compares could be behind each time.
    """
    pointer = places.pointer(connection, tables.kind.name)
    assert pointer is not None
    table = places.control.positions
    serving = select(table.c.position).where(table.c.table_name == pointer.table_name)
    stands = connection.execute(serving.with_for_update()).scalar() or 0
    found = places.position(connection, tables.name)
    if found is None or stands - found[0] > _BATCH:
        return False
    if stands > found[0]:
        lines = log.scan(found[0], stands)
        take_in(connection, places, log, [tables], found[0], lines)
    return True


def _held(places: Places, tables: KindTables, error: StoreUnavailable) -> str:
    """Who holds the view; where nobody does, the database has another trouble, which is raised."""
    name = tables.kind.name
    with reading(places.engine) as connection:
        sessions = holders(connection, name)
    if not sessions:
        raise error
    return f"the view {name} is held by {', '.join(sessions)}: end that, and try again"
