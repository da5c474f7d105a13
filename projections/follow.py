"""The follower: reads on from where each table stands; rows and position move together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from ledger import Line, Log
from ledger.database import reading
from projections.apply import apply
from projections.engine import writing
from projections.kind_store import KindStore
from projections.pointer import Places
from projections.slice import Slice, alike
from projections.tables import KindTables

__all__ = ["advance", "take"]

BATCH = 2000


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
    lines = log.scan(position, position + batch)
    if lines:
        take(places, log, at[position], position, lines)
    return len(lines)


def take(
    places: Places,
    log: Log,
    tables: Collection[KindTables],
    position: int,
    lines: Sequence[Line],
) -> None:
    """Move some tables, which all stand at ``position``, behind ``lines``."""
    for group in alike([one.kind for one in tables]):
        slice = Slice(log, {name: it for kind in group for name, it in kind.objects.items()})
        slice.take(lines)
        mine = {one.name: one for one in tables if one.kind in group}
        with writing(places.engine) as connection:
            moved = places.advance(
                connection, mine, old=position, new=slice.last, without_snapshot=slice.thin
            )
            for name in sorted(moved):
                apply(KindStore(connection, mine[name], places.control), slice)
