"""Bulk filling: batches of the log are computed side by side and written in the log's order."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from ledger import Log
from projections.drivers.batch import EarlierEvents, objects_of, project_batch, write_batch
from projections.errors import AlreadyRunning
from projections.rows.batch import Batch, Group, KindBatch, read_batch, sharing_objects
from projections.rows.change import ComponentChange
from projections.rows.merge import new_component
from projections.tables.belonging import Checkpoint
from projections.tables.catalog import Catalog
from projections.tables.component import NOT_ENCODABLE, EncodedComponent, encode
from projections.tables.engine import tune_for_bulk
from projections.tables.schema import KindTables
from projections.tables.store import ComponentStore

__all__ = [
    "BYTES_PER_EVENT",
    "MEMORY_MB",
    "Filler",
    "Progress",
    "Report",
    "batch_ranges",
    "fill",
    "without_garbage_collection",
]

# What a rebuild may take over all its processes, beyond what a Python process takes anyway.
MEMORY_MB = 400
# What an event takes beside its body while it is projected.
BYTES_PER_EVENT = 13_000
_BATCH_EVENTS_MAX = 20_000

# Called with the position reached; with a description, how many events are done, and of how many.
Report = Callable[[int], None]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """One kind's batch with the components that it makes if nothing of them is stored yet."""

    tables: KindTables
    batch: KindBatch
    components: dict[Group, ComponentChange]
    encoded: dict[ComponentChange, EncodedComponent]


@dataclass(frozen=True, slots=True)
class _PreparedBatch:
    """A batch as far as it can be computed without the tables."""

    after: int
    parts: list[tuple[Batch, list[_Prepared]]]


class Filler:
    """Takes tables with the same checkpoint through the log, batch by batch."""

    def __init__(self, catalog: Catalog, log: Log, tables: Sequence[KindTables]) -> None:
        self._catalog = catalog
        self._log = log
        self._tables = tables
        self._groups = sharing_objects([table.kind for table in tables])

    def prepare(self, after: int, upto: int) -> _PreparedBatch:
        """Read a batch and project it as if its objects were new; needs no database but the log."""
        events = self._log.scan(after, upto)
        parts = []
        for kinds in self._groups:
            batch = read_batch(events, objects_of(kinds))
            tables = [table for table in self._tables if table.kind in kinds]
            parts.append((batch, [_prepare(table, batch) for table in tables]))
        return _PreparedBatch(after, parts)

    def commit(self, prepared: _PreparedBatch) -> None:
        """Write a batch, all tables in one transaction; earlier batches must be written before.

        Raises ``AlreadyRunning`` where somebody else moved a checkpoint.
        """
        write_batch(self._catalog.engine, partial(self._write, prepared))

    def _write(self, prepared: _PreparedBatch, connection: Connection, narrowed: bool) -> None:
        tune_for_bulk(connection)
        for batch, parts in prepared.parts:
            names = [part.tables.name for part in parts]
            won = self._catalog.advance(
                connection,
                names,
                old=prepared.after,
                read=Checkpoint(batch.last, batch.chain, batch.without_snapshot),
            )
            if len(won) < len(names):
                raise AlreadyRunning("somebody else writes the tables of this rebuild")
            earlier = EarlierEvents(self._log, batch)
            for part in parts:
                store = ComponentStore(connection, part.tables, self._catalog.control)
                project_batch(
                    store, part.batch, earlier, part.components, part.encoded,
                    narrowed=narrowed, has_lost=won[part.tables.name],
                )  # fmt: skip


def _prepare(tables: KindTables, batch: Batch) -> _Prepared:
    kind_batch = KindBatch(tables.kind, batch)
    components = {group: new_component(kind_batch, group) for group in kind_batch.groups}
    encoded = {}
    for component in components.values():
        # What cannot be encoded is refused, and narrowed, when it is written.
        with suppress(*NOT_ENCODABLE):
            encoded[component] = encode(component)
    return _Prepared(tables, kind_batch, components, encoded)


def batch_ranges(
    after: int, upto: int, *, memory_mb: int, processes: int, body_bytes: int
) -> Iterator[tuple[int, int]]:
    """The ranges of positions that so many processes can hold in so much memory.

    ``body_bytes`` is the average size of a body.
    """
    size = memory_mb * 1_000_000 // processes // (BYTES_PER_EVENT + body_bytes)
    size = max(100, min(size, _BATCH_EVENTS_MAX))
    for start in range(after, upto, size):
        yield start, min(start + size, upto)


def fill(filler: Filler, ranges: Iterator[tuple[int, int]], report: Report) -> None:
    """Take batches one after the other; ``report`` is called with the position after each."""
    with without_garbage_collection():
        for after, upto in ranges:
            filler.commit(filler.prepare(after, upto))
            report(upto)


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """No search for cycles: a batch makes millions of objects and not one cycle."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
