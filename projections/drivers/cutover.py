"""Cutover: tables become the live ones once they have caught up with those that serve."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from ledger import Log, StoreUnavailable
from ledger.database import read_transaction, write_transaction
from projections.drivers.draw import draw_since, redraw
from projections.drivers.follow import advance, apply_events, fitting
from projections.errors import CutoverBlocked
from projections.tables.blockers import blockers
from projections.tables.catalog import Catalog
from projections.tables.engine import lock_catalog
from projections.tables.schema import Unit

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
    units: Sequence[Unit],
    *,
    guard: Guard | None = None,
    rest: Rest = time.sleep,
    wait_for_ever: bool = False,
) -> None:
    """Follow units to the head of the log and make their rows the live ones as soon as can be.

    A session that holds a view is waited for, ten minutes or for ever; so is an object that
    somebody built on a view, but only when waiting for ever. Otherwise ``CutoverBlocked`` says
    what is in the way; the other units have been cut over all the same. All rows of a unit are cut
    over in one transaction. ``guard`` is called in the cutover's own transaction and raises where
    it must not happen; ``rest`` is called between two tries and raises to end them.
    """
    waiting, problems = list(units), list[str]()
    delay, deadline = _REST_SECONDS_MIN, time.monotonic() + _PATIENCE_SECONDS
    while True:
        locked: list[tuple[Unit, StoreUnavailable]] = []
        for unit in waiting.copy():
            try:
                if _try_once(catalog, log, unit, guard):
                    waiting.remove(unit)
            except CutoverBlocked as blocked:
                if not wait_for_ever:
                    waiting.remove(unit)
                    problems.append(str(blocked))
            except StoreUnavailable as error:
                locked.append((unit, error))
        if waiting and not wait_for_ever and time.monotonic() > deadline:
            problems += [_blocked_by(catalog, unit, error) for unit, error in locked]
            held = [unit for unit, _ in locked]
            problems += [_left_behind(unit) for unit in waiting if unit not in held]
            break
        if not waiting:
            break
        rest(delay)
        delay = min(2 * delay, _REST_SECONDS_MAX)
    if problems:
        raise CutoverBlocked("; ".join(problems))


def _try_once(catalog: Catalog, log: Log, unit: Unit, guard: Guard | None) -> bool:
    """Try once; False where the tables have fallen too far behind meanwhile."""
    with read_transaction(catalog.engine) as connection:
        is_followed = _is_followed(catalog, connection, unit)
    if not is_followed:
        _follow(catalog, log, unit)
    draw_since(catalog, log, unit)
    with write_transaction(catalog.engine) as connection:
        lock_catalog(connection)
        if guard is not None:
            guard(connection)
        if not _catch_up(catalog, log, connection, unit):
            return False
        for tables in unit.rows:
            catalog.cut_over(connection, tables)
        return True


def _is_followed(catalog: Catalog, connection: Connection, unit: Unit) -> bool:
    """Whether the unit's store serves already, and so is moved by whoever follows: its new rows
    have only to be drawn. Should it be behind what serves, nobody does."""
    live_tables = catalog.live_tables(connection)
    checkpoints = catalog.checkpoints(connection)
    serving = (checkpoints.get(live_tables[each.kind.name].table_name) for each in unit.rows)
    served = max(
        (each.position for each in serving if each and catalog.belonging.holds(each)), default=0
    )
    store = checkpoints.get(unit.store.name)
    return (
        any(each.store == unit.store.name for each in live_tables.values())
        and store is not None
        and store.position >= served
    )


def _follow(catalog: Catalog, log: Log, unit: Unit) -> None:
    while advance(catalog, log, [unit], batch=_BATCH):
        with read_transaction(catalog.engine) as connection:
            checkpoint = catalog.checkpoint(connection, unit.store.name)
        if checkpoint is None or log.head().position - checkpoint.position < _BATCH:
            break


def _catch_up(catalog: Catalog, log: Log, connection: Connection, unit: Unit) -> bool:
    """Hold the live tables where they are until this transaction ends, and catch up with them.

    Otherwise a follower could move them on after the comparison, and readers would go back in time;
    and where events never cease, comparing alone could find it behind each time.
    """
    served = 0
    live_tables = [catalog.live_table(connection, tables.kind.name) for tables in unit.rows]
    for store in sorted({each.store for each in live_tables if each is not None}):
        # Who follows needs this one first.
        catalog.checkpoint(connection, store, lock=True)
    for live_table in live_tables:
        assert live_table is not None
        held = catalog.checkpoint(connection, live_table.table_name, lock=True)
        # A live table of another log says nothing of how far this one was served.
        if held is not None and catalog.belonging.holds(held):
            served = max(served, held.position)
    checkpoint = catalog.checkpoint(connection, unit.store.name, lock=True)
    if checkpoint is None or served - checkpoint.position > _BATCH:
        return False
    if served > checkpoint.position:
        if fitting(log, checkpoint.position, served) < served:
            return False
        events = log.scan(checkpoint.position, served)
        apply_events(connection, catalog, log, [unit], checkpoint.position, events)
    redraw(catalog, log, unit, connection, narrowed=True)
    return True


def _left_behind(unit: Unit) -> str:
    names = ", ".join(tables.kind.name for tables in unit.rows)
    return f"{names} could not catch up with what serves: events come faster than they are read"


def _blocked_by(catalog: Catalog, unit: Unit, error: StoreUnavailable) -> str:
    """Who holds the view; where nobody does, the database has another problem, which is raised."""
    names = [tables.kind.name for tables in unit.rows]
    with read_transaction(catalog.engine) as connection:
        held = {name: sessions for name in names if (sessions := blockers(connection, name))}
    if not held:
        raise error
    return "; ".join(
        f"the view {name} is held by {', '.join(sessions)}: end that, and try again"
        for name, sessions in held.items()
    )
