"""Taking over: a table begins to serve once it knows no less than the one that serves."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from sqlalchemy import Connection, select

from ledger import Log, StoreUnavailable
from ledger.database import read_transaction, write_transaction
from projections.drivers.follow import advance, take_in
from projections.errors import CutoverBlocked
from projections.tables.blockers import blockers
from projections.tables.catalog import Catalog
from projections.tables.engine import create_lock
from projections.tables.schema import KindTables

__all__ = ["cut_over"]

_BATCH = 5000
_REST_SECONDS_MIN = 0.05
_REST_SECONDS_MAX = 1.0
_PATIENCE_SECONDS = 600

Guard = Callable[[Connection], None]
Rest = Callable[[float], None]


def cut_over(
    catalog: Catalog,
    log: Log,
    tables: Sequence[KindTables],
    *,
    guard: Guard | None = None,
    rest: Rest = time.sleep,
    for_ever: bool = False,
) -> None:
    """Follow tables to the head of the log and let each serve as soon as nothing is in its way.

    A session that holds a view is waited for, ten minutes or ``for_ever``; what is built on a view
    as well, where it is for ever. Then ``CutoverBlocked`` says what was in the way; the other
    tables have taken over all the same. ``guard`` is asked in the cutover's own transaction, and
    raises where it must not be; ``rest`` is called between two tries, and raises to end them.
    """
    waiting, lasting = list(tables), list[str]()
    delay, until = _REST_SECONDS_MIN, time.monotonic() + _PATIENCE_SECONDS
    while True:
        held: list[tuple[KindTables, StoreUnavailable]] = []
        for one in waiting.copy():
            try:
                if _cuts_over(catalog, log, one, guard):
                    waiting.remove(one)
            except CutoverBlocked as blocked:
                if not for_ever:
                    waiting.remove(one)
                    lasting.append(str(blocked))
            except StoreUnavailable as error:
                held.append((one, error))
        if waiting and not for_ever and time.monotonic() > until:
            lasting += [_held(catalog, one, error) for one, error in held]
            break
        if not waiting:
            break
        rest(delay)
        delay = min(2 * delay, _REST_SECONDS_MAX)
    if lasting:
        raise CutoverBlocked("; ".join(lasting))


def _cuts_over(catalog: Catalog, log: Log, tables: KindTables, guard: Guard | None) -> bool:
    """Try once; False where it is too far behind by now."""
    while advance(catalog, log, [tables], batch=_BATCH) >= _BATCH:
        pass
    with write_transaction(catalog.engine) as connection:
        create_lock(connection)
        if guard is not None:
            guard(connection)
        if not _knows_no_less(catalog, log, connection, tables):
            return False
        catalog.cutover(connection, tables)
        return True


def _knows_no_less(catalog: Catalog, log: Log, connection: Connection, tables: KindTables) -> bool:
    """Hold the serving table where it is until this transaction ends, and come up to it.

    Otherwise a follower could move it on after the comparison, and readers would go back in time;
    and where events never cease, whoever only compares could be behind each time.
    """
    live_table = catalog.live_table(connection, tables.kind.name)
    assert live_table is not None
    table = catalog.control.positions
    serving = select(table.c.position).where(table.c.table_name == live_table.table_name)
    stands = connection.execute(serving.with_for_update()).scalar() or 0
    found = catalog.position(connection, tables.name)
    if found is None or stands - found[0] > _BATCH:
        return False
    if stands > found[0]:
        lines = log.scan(found[0], stands)
        take_in(connection, catalog, log, [tables], found[0], lines)
    return True


def _held(catalog: Catalog, tables: KindTables, error: StoreUnavailable) -> str:
    """Who holds the view; where nobody does, the database has another trouble, which is raised."""
    name = tables.kind.name
    with read_transaction(catalog.engine) as connection:
        sessions = blockers(connection, name)
    if not sessions:
        raise error
    return f"the view {name} is held by {', '.join(sessions)}: end that, and try again"
