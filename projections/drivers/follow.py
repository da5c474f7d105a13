"""The follower: reads on from each table's checkpoint; rows and checkpoint move together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import partial

from sqlalchemy import Connection

from ledger import Log, RecordedEvent
from ledger.database import read_transaction
from projections.drivers.batch import EarlierEvents, objects_of, project_batch, write_batch
from projections.drivers.bulk import BYTES_PER_EVENT, Filler, without_garbage_collection
from projections.errors import AlreadyRunning
from projections.rows.batch import Batch, KindBatch, read_batch, sharing_objects
from projections.tables.belonging import Checkpoint
from projections.tables.catalog import Catalog
from projections.tables.schema import KindTables
from projections.tables.store import ComponentStore

__all__ = ["advance", "apply_events", "fitting"]

BATCH = 2000
# From so many unread events on, large batches are computed before the tables are locked.
_BACKLOG = 4000
_LEAP = 8000
# What the events of one batch may take: with it a follower stays below 200 MB.
_MEMORY_BYTES = 60_000_000
# So many events fit, however large their bodies are: up to 1 MB, unless it is set otherwise.
_FEW = 20


def advance(
    catalog: Catalog, log: Log, tables: Collection[KindTables], *, batch: int = BATCH
) -> int:
    """One round: the tables furthest behind read one batch; returns how many events were read.

    Any number of followers may do this at once: checkpoints move by compare-and-set, and who
    comes second writes nothing.
    """
    at: dict[int, list[KindTables]] = defaultdict(list)
    with read_transaction(catalog.engine) as connection:
        checkpoints = catalog.checkpoints(connection)
    for table in tables:
        checkpoint = checkpoints.get(table.name)
        # What was projected from another log cannot be followed by this one.
        if checkpoint is not None and catalog.belonging.holds(checkpoint):
            at[checkpoint.position].append(table)
    if not at:
        return 0
    position = min(at)
    behind = log.head().position - position
    count = min(behind, _LEAP if batch == BATCH and behind > _BACKLOG else batch)
    count = fitting(log, position, position + count) - position
    if batch == BATCH and behind > _BACKLOG:
        return _leap(catalog, log, at[position], position, count)
    events = log.scan(position, position + count)
    if events:
        for group, read in _batches(at[position], events):
            write = partial(_write, catalog, log, group, position, read)
            write_batch(catalog.engine, write)
    return len(events)


def fitting(log: Log, after: int, upto: int) -> int:
    """The last position up to ``upto`` that one batch may reach: its events fit into memory."""
    if upto - after <= _FEW:
        return upto
    return log.fitting(after, upto, memory=_MEMORY_BYTES, beside=BYTES_PER_EVENT)


def apply_events(
    connection: Connection,
    catalog: Catalog,
    log: Log,
    tables: Collection[KindTables],
    position: int,
    events: Sequence[RecordedEvent],
) -> None:
    """Move tables from checkpoint ``position`` past some events, in the caller's transaction."""
    for group, read in _batches(tables, events):
        _write(catalog, log, group, position, read, connection, True)


def _leap(
    catalog: Catalog, log: Log, tables: Sequence[KindTables], position: int, count: int
) -> int:
    """Read one large batch as a rebuild does."""
    filler = Filler(catalog, log, tables)
    # Another follower may be first: then nothing is written.
    with without_garbage_collection(), suppress(AlreadyRunning):
        filler.commit(filler.prepare(position, position + count))
    return count


def _batches(
    tables: Collection[KindTables], events: Sequence[RecordedEvent]
) -> list[tuple[list[KindTables], Batch]]:
    """One batch for each group of tables that can share it."""
    return [
        ([table for table in tables if table.kind in kinds], read_batch(events, objects_of(kinds)))
        for kinds in sharing_objects([table.kind for table in tables])
    ]


def _write(
    catalog: Catalog,
    log: Log,
    tables: Sequence[KindTables],
    position: int,
    batch: Batch,
    connection: Connection,
    narrowed: bool,
) -> None:
    by_name = {table.name: table for table in tables}
    won = catalog.advance(
        connection,
        by_name,
        old=position,
        read=Checkpoint(batch.last, batch.chain, batch.without_snapshot),
    )
    earlier = EarlierEvents(log, batch)
    for name, has_lost in sorted(won.items()):
        store = ComponentStore(connection, by_name[name], catalog.control)
        kind_batch = KindBatch(by_name[name].kind, batch)
        project_batch(store, kind_batch, earlier, narrowed=narrowed, has_lost=has_lost)
