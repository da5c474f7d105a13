"""The follower: reads on from each store's checkpoint; states and rows move together with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from functools import partial

from sqlalchemy import Connection

from ledger import Log, RecordedEvent
from ledger.database import read_transaction
from projections.drivers.batch import (
    EarlierEvents,
    draw_rows,
    merge_batch,
    objects_of,
    write_batch,
)
from projections.drivers.bulk import BYTES_PER_EVENT, Filler, without_garbage_collection
from projections.drivers.draw import draw_since, row_stores
from projections.errors import AlreadyRunning
from projections.rows.batch import Batch, LinkedBatch, read_batch, sharing_objects
from projections.tables.belonging import Checkpoint
from projections.tables.catalog import Catalog
from projections.tables.event_types import note
from projections.tables.schema import EVENT_TYPES, Unit
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


def advance(catalog: Catalog, log: Log, units: Collection[Unit], *, batch: int = BATCH) -> int:
    """One round: the stores furthest behind read one batch; returns how many events were read.

    Any number of followers may do this at once: checkpoints move by compare-and-set, and who
    comes second writes nothing. Rows that another version's follower left behind are drawn.
    """
    at: dict[int, list[Unit]] = defaultdict(list)
    with read_transaction(catalog.engine) as connection:
        checkpoints = catalog.checkpoints(connection)
    for unit in units:
        checkpoint = checkpoints.get(unit.store.name)
        # What was projected from another log cannot be followed by this one.
        if checkpoint is None or not catalog.belonging.holds(checkpoint):
            continue
        drawn = [checkpoints[tables.name] for tables in unit.rows if tables.name in checkpoints]
        if any(each.position < checkpoint.position for each in drawn):
            draw_since(catalog, log, unit)
        at[checkpoint.position].append(unit)
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
    units: Collection[Unit],
    position: int,
    events: Sequence[RecordedEvent],
) -> None:
    """Move units from checkpoint ``position`` past some events, in the caller's transaction."""
    for group, read in _batches(units, events):
        _write(catalog, log, group, position, read, connection, True)


def _leap(catalog: Catalog, log: Log, units: Sequence[Unit], position: int, count: int) -> int:
    """Read one large batch as a rebuild does."""
    filler = Filler(catalog, log, units, draws=True)
    # Another follower may be first: then nothing is written.
    with without_garbage_collection(), suppress(AlreadyRunning):
        filler.commit(filler.prepare(position, position + count))
    return count


def _batches(
    units: Collection[Unit], events: Sequence[RecordedEvent]
) -> Iterator[tuple[list[Unit], Batch]]:
    """One batch for each group of units that can share it."""
    for families in sharing_objects([unit.family for unit in units]):
        group = [unit for unit in units if unit.family in families]
        yield group, read_batch(events, objects_of(families))


def _write(
    catalog: Catalog,
    log: Log,
    units: Sequence[Unit],
    position: int,
    batch: Batch,
    connection: Connection,
    narrowed: bool,
) -> None:
    read = Checkpoint(batch.last, batch.chain, batch.without_snapshot)
    won = catalog.advance_units(connection, units, old=position, read=read)
    if EVENT_TYPES in won:
        note(catalog, connection, batch.types)
    earlier = EarlierEvents(log, batch)
    for unit in sorted(units, key=lambda unit: unit.store.name):
        if unit.store.name not in won:
            continue
        store, rows = (
            ComponentStore(connection, unit.store),
            row_stores(connection, catalog, unit, won),
        )
        linked = LinkedBatch(unit.family, batch)
        changes = merge_batch(store, rows, linked, earlier, narrowed=narrowed)
        draw_rows(store, rows, log, changes, upto=batch.last, narrowed=narrowed)
