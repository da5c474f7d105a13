"""The follower: reads on from where each table stands; rows and position move together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import suppress

from sqlalchemy import Connection

from ledger import Line, Log
from ledger.database import reading
from projections.apply import apply
from projections.bulk import Filler, uncollected
from projections.declare import Kind
from projections.engine import writing
from projections.errors import AlreadyRunning
from projections.kind_store import KindStore
from projections.pointer import Places
from projections.slice import Slice, alike
from projections.tables import KindTables

__all__ = ["advance", "take", "take_in"]

BATCH = 2000
# From so many unread events on they are worked out in large slices, before the tables are locked.
_BACKLOG = 4000
_LEAP = 8000


def advance(places: Places, log: Log, tables: Collection[KindTables], *, batch: int = BATCH) -> int:
    """One round: every table that is hindmost reads one batch; returns how many events were read.

    Any number of followers may do this at once: the position moves by compare-and-set, and who
    comes second writes nothing.
    """
    at: dict[int, list[KindTables]] = defaultdict(list)
    with reading(places.engine) as connection:
        positions = places.positions(connection)
    for one in tables:
        if one.name in positions:
            at[positions[one.name]].append(one)
    if not at:
        return 0
    position = min(at)
    if batch == BATCH and (behind := log.head().position - position) > _BACKLOG:
        return _leap(places, log, at[position], position, min(behind, _LEAP))
    lines = log.scan(position, position + batch)
    if lines:
        take(places, log, at[position], position, lines)
    return len(lines)


def _leap(places: Places, log: Log, tables: Sequence[KindTables], position: int, count: int) -> int:
    """Read on as a rebuild does."""
    filler = Filler(places, log, tables)
    with uncollected(), suppress(AlreadyRunning):
        # Another follower may be first: then nothing is written here.
        filler.commit(filler.prepare(position, position + count))
    return count


def take(
    places: Places,
    log: Log,
    tables: Collection[KindTables],
    position: int,
    lines: Sequence[Line],
) -> None:
    """Move some tables, which all stand at ``position``, behind ``lines``."""
    for group in alike([one.kind for one in tables]):
        slice = _slice(log, group, lines)
        with writing(places.engine) as connection:
            _write(
                connection, places, [one for one in tables if one.kind in group], position, slice
            )


def take_in(
    connection: Connection,
    places: Places,
    log: Log,
    tables: Collection[KindTables],
    position: int,
    lines: Sequence[Line],
) -> None:
    """The same in a transaction of the caller's."""
    for group in alike([one.kind for one in tables]):
        mine = [one for one in tables if one.kind in group]
        _write(connection, places, mine, position, _slice(log, group, lines))


def _slice(log: Log, group: Sequence[Kind], lines: Sequence[Line]) -> Slice:
    slice = Slice(log, {name: it for kind in group for name, it in kind.objects.items()})
    slice.take(lines)
    return slice


def _write(
    connection: Connection,
    places: Places,
    tables: Sequence[KindTables],
    position: int,
    slice: Slice,
) -> None:
    mine = {one.name: one for one in tables}
    moved = places.advance(
        connection, mine, old=position, new=slice.last, without_snapshot=slice.thin
    )
    for name in sorted(moved):
        apply(KindStore(connection, mine[name], places.control), slice)
