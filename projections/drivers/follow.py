"""The follower: reads on from where each table stands; rows and position move together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import suppress

from sqlalchemy import Connection

from ledger import Log, RecordedEvent
from ledger.database import read_transaction
from projections.drivers.bulk import Filler, uncollected
from projections.errors import AlreadyRunning
from projections.rows.batch import Batch, alike
from projections.rows.kind import Kind
from projections.rows.merge import apply
from projections.tables.catalog import Catalog
from projections.tables.engine import writing
from projections.tables.schema import KindTables
from projections.tables.store import ComponentStore

__all__ = ["advance", "take", "take_in"]

BATCH = 2000
# From so many unread events on they are worked out in large batches, before the tables are locked.
_BACKLOG = 4000
_LEAP = 8000


def advance(
    catalog: Catalog, log: Log, tables: Collection[KindTables], *, batch: int = BATCH
) -> int:
    """One round: every table that is hindmost reads one batch; returns how many events were read.

    Any number of followers may do this at once: the position moves by compare-and-set, and who
    comes second writes nothing.
    """
    at: dict[int, list[KindTables]] = defaultdict(list)
    with read_transaction(catalog.engine) as connection:
        positions = catalog.positions(connection)
    for one in tables:
        if one.name in positions:
            at[positions[one.name]].append(one)
    if not at:
        return 0
    position = min(at)
    if batch == BATCH and (behind := log.head().position - position) > _BACKLOG:
        return _leap(catalog, log, at[position], position, min(behind, _LEAP))
    lines = log.scan(position, position + batch)
    if lines:
        take(catalog, log, at[position], position, lines)
    return len(lines)


def _leap(
    catalog: Catalog, log: Log, tables: Sequence[KindTables], position: int, count: int
) -> int:
    """Read on as a rebuild does."""
    filler = Filler(catalog, log, tables)
    with uncollected(), suppress(AlreadyRunning):
        # Another follower may be first: then nothing is written here.
        filler.commit(filler.prepare(position, position + count))
    return count


def take(
    catalog: Catalog,
    log: Log,
    tables: Collection[KindTables],
    position: int,
    lines: Sequence[RecordedEvent],
) -> None:
    """Move some tables, which all stand at ``position``, behind ``lines``."""
    for group in alike([one.kind for one in tables]):
        batch = _slice(log, group, lines)
        with writing(catalog.engine) as connection:
            _write(
                connection, catalog, [one for one in tables if one.kind in group], position, batch
            )


def take_in(
    connection: Connection,
    catalog: Catalog,
    log: Log,
    tables: Collection[KindTables],
    position: int,
    lines: Sequence[RecordedEvent],
) -> None:
    """The same in a transaction of the caller's."""
    for group in alike([one.kind for one in tables]):
        mine = [one for one in tables if one.kind in group]
        _write(connection, catalog, mine, position, _slice(log, group, lines))


def _slice(log: Log, group: Sequence[Kind], lines: Sequence[RecordedEvent]) -> Batch:
    batch = Batch(log, {name: it for kind in group for name, it in kind.objects.items()})
    batch.take(lines)
    return batch


def _write(
    connection: Connection,
    catalog: Catalog,
    tables: Sequence[KindTables],
    position: int,
    batch: Batch,
) -> None:
    mine = {one.name: one for one in tables}
    moved = catalog.advance(
        connection, mine, old=position, new=batch.last, without_snapshot=batch.thin
    )
    for name in sorted(moved):
        apply(ComponentStore(connection, mine[name], catalog.control), batch)
