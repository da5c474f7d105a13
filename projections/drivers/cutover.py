"""Cutover: a table becomes the live one once it has caught up with the table that serves."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from ledger import Log, StoreUnavailable
from ledger.database import read_transaction, write_transaction
from projections.drivers.follow import advance, apply_events, fitting
from projections.errors import CutoverBlocked
from projections.tables.blockers import blockers
from projections.tables.catalog import Catalog
from projections.tables.engine import lock_catalog
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
    wait_for_ever: bool = False,
) -> None:
    """Follow tables to the head of the log and make each the live one as soon as it can be.

    A session that holds a view is waited for, ten minutes or for ever; so is an object that
    somebody built on a view, but only when waiting for ever. Otherwise ``CutoverBlocked`` says
    what is in the way; the other tables have been cut over all the same. ``guard`` is called in
    the cutover's own transaction and raises where it must not happen; ``rest`` is called between
    two tries and raises to end them.
    """
    waiting, problems = list(tables), list[str]()
    delay, deadline = _REST_SECONDS_MIN, time.monotonic() + _PATIENCE_SECONDS
    while True:
        locked: list[tuple[KindTables, StoreUnavailable]] = []
        for table in waiting.copy():
            try:
                if _try_once(catalog, log, table, guard):
                    waiting.remove(table)
            except CutoverBlocked as blocked:
                if not wait_for_ever:
                    waiting.remove(table)
                    problems.append(str(blocked))
            except StoreUnavailable as error:
                locked.append((table, error))
        if waiting and not wait_for_ever and time.monotonic() > deadline:
            problems += [_blocked_by(catalog, table, error) for table, error in locked]
            break
        if not waiting:
            break
        rest(delay)
        delay = min(2 * delay, _REST_SECONDS_MAX)
    if problems:
        raise CutoverBlocked("; ".join(problems))


def _try_once(catalog: Catalog, log: Log, tables: KindTables, guard: Guard | None) -> bool:
    """Try once; False where the table has fallen too far behind meanwhile."""
    while advance(catalog, log, [tables], batch=_BATCH):
        with read_transaction(catalog.engine) as connection:
            checkpoint = catalog.checkpoint(connection, tables.name)
        if checkpoint is None or log.head().position - checkpoint.position < _BATCH:
            break
    with write_transaction(catalog.engine) as connection:
        lock_catalog(connection)
        if guard is not None:
            guard(connection)
        if not _catch_up(catalog, log, connection, tables):
            return False
        catalog.cut_over(connection, tables)
        return True


def _catch_up(catalog: Catalog, log: Log, connection: Connection, tables: KindTables) -> bool:
    """Hold the live table where it is until this transaction ends, and catch up with it.

    Otherwise a follower could move it on after the comparison, and readers would go back in time;
    and where events never cease, comparing alone could find it behind each time.
    """
    live_table = catalog.live_table(connection, tables.kind.name)
    assert live_table is not None
    held = catalog.checkpoint(connection, live_table.table_name, lock=True)
    # A live table of another log says nothing of how far this one was served.
    served = held is not None and catalog.belonging.holds(held)
    live_position = held.position if held is not None and served else 0
    checkpoint = catalog.checkpoint(connection, tables.name)
    if checkpoint is None or live_position - checkpoint.position > _BATCH:
        return False
    if live_position > checkpoint.position:
        if fitting(log, checkpoint.position, live_position) < live_position:
            return False
        events = log.scan(checkpoint.position, live_position)
        apply_events(connection, catalog, log, [tables], checkpoint.position, events)
    return True


def _blocked_by(catalog: Catalog, tables: KindTables, error: StoreUnavailable) -> str:
    """Who holds the view; where nobody does, the database has another problem, which is raised."""
    name = tables.kind.name
    with read_transaction(catalog.engine) as connection:
        sessions = blockers(connection, name)
    if not sessions:
        raise error
    return f"the view {name} is held by {', '.join(sessions)}: end that, and try again"
