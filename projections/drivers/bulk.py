"""Bulk filling: batches of the log are computed side by side and written in the log's order."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from ledger import Log
from projections.drivers.batch import (
    EarlierEvents,
    draw_rows,
    merge_batch,
    objects_of,
    write_batch,
)
from projections.drivers.draw import row_stores
from projections.errors import AlreadyRunning
from projections.rows.batch import Batch, Group, LinkedBatch, read_batch, sharing_objects
from projections.rows.change import ComponentChange
from projections.rows.merge import new_component
from projections.tables.belonging import Checkpoint
from projections.tables.catalog import Catalog
from projections.tables.component import NOT_ENCODABLE, encode
from projections.tables.engine import tune_for_bulk
from projections.tables.event_types import Telling, note
from projections.tables.schema import EVENT_TYPES, Unit
from projections.tables.store import ComponentStore

__all__ = [
    "BYTES_PER_EVENT",
    "MEMORY_MB",
    "Filler",
    "Progress",
    "Report",
    "batch_ranges",
    "batch_size",
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
    """One family's batch with the components that it makes if nothing of them is stored yet."""

    unit: Unit
    batch: LinkedBatch
    components: dict[Group, ComponentChange]
    contents: dict[ComponentChange, bytes]


@dataclass(frozen=True, slots=True)
class PreparedBatch:
    """A batch as far as it can be computed without the tables; ``types``: None where not all of
    its events were read."""

    after: int
    read: Checkpoint
    types: set[tuple[str, str]] | None
    parts: list[tuple[Batch, list[_Prepared]]]


class Filler:
    """Takes stores with the same checkpoint through the log, batch by batch.

    ``draws``: their rows go with them; otherwise those are drawn later. ``telling``: which events
    have to be read.
    """

    def __init__(
        self,
        catalog: Catalog,
        log: Log,
        units: Sequence[Unit],
        *,
        draws: bool = False,
        telling: Telling | None = None,
    ) -> None:
        self._catalog = catalog
        self._log = log
        self._units = units
        self._draws = draws
        self._telling = telling
        self._groups = sharing_objects([unit.family for unit in units])

    def prepare(self, after: int, upto: int) -> PreparedBatch:
        """Read a batch and merge it as if its objects were new; needs no database but the log."""
        wanted = self._telling.between(upto) if self._telling is not None else None
        events = self._log.scan(after, upto, wanted)
        parts, without_snapshot, types = [], 0, set[tuple[str, str]]()
        for families in self._groups:
            batch = read_batch(events, objects_of(families))
            without_snapshot, types = batch.without_snapshot, batch.types
            units = [unit for unit in self._units if unit.family in families]
            parts.append((batch, [_prepare(unit, batch) for unit in units]))
        chain = self._log.chain_at(upto)
        read = Checkpoint(upto, chain, without_snapshot)
        return PreparedBatch(after, read, types if wanted is None else None, parts)

    def commit(self, prepared: PreparedBatch) -> None:
        """Write a batch, all stores in one transaction; earlier batches must be written before.

        Raises ``AlreadyRunning`` where somebody else moved a checkpoint.
        """
        write_batch(self._catalog.engine, partial(self._write, prepared))

    def _write(self, prepared: PreparedBatch, connection: Connection, narrowed: bool) -> None:
        tune_for_bulk(connection)
        won = self._catalog.advance_units(
            connection,
            self._units,
            old=prepared.after,
            read=prepared.read,
            with_rows=self._draws,
            with_types=prepared.types is not None,
        )
        if not {unit.store.name for unit in self._units} <= won.keys():
            raise AlreadyRunning("somebody else writes the tables of this rebuild")
        if prepared.types is not None and EVENT_TYPES in won:
            note(self._catalog, connection, prepared.types)
        for batch, parts in prepared.parts:
            earlier = EarlierEvents(self._log, batch)
            for part in parts:
                self._write_part(prepared, part, connection, earlier, won, narrowed)

    def _write_part(
        self,
        prepared: PreparedBatch,
        part: _Prepared,
        connection: Connection,
        earlier: EarlierEvents,
        won: Mapping[str, bool],
        narrowed: bool,
    ) -> None:
        store = ComponentStore(connection, part.unit.store)
        # Those that are not drawn now hold the dead letters of what cannot be stored.
        having = won if self._draws else dict.fromkeys(part.unit.names, True)
        rows = row_stores(connection, self._catalog, part.unit, having)
        changes = merge_batch(
            store, rows, part.batch, earlier, part.components, part.contents, narrowed=narrowed
        )
        if self._draws:
            upto = prepared.read.position
            draw_rows(store, rows, self._log, changes, upto=upto, narrowed=narrowed)


def _prepare(unit: Unit, batch: Batch) -> _Prepared:
    linked = LinkedBatch(unit.family, batch)
    components = {group: new_component(linked, group) for group in linked.groups}
    contents = {}
    for component in components.values():
        # What cannot be encoded is refused, and narrowed, when it is written.
        with suppress(*NOT_ENCODABLE):
            contents[component] = encode(component.states)
    return _Prepared(unit, linked, components, contents)


def batch_size(*, memory_mb: int, processes: int, body_bytes: int) -> int:
    """How many events so many processes can each hold in so much memory.

    ``body_bytes`` is the average size of a body.
    """
    size = memory_mb * 1_000_000 // processes // (BYTES_PER_EVENT + body_bytes)
    return max(100, min(size, _BATCH_EVENTS_MAX))


def batch_ranges(
    log: Log, after: int, upto: int, size: int, telling: Telling | None = None, noted: int = 0
) -> Iterator[tuple[int, int]]:
    """Ranges of positions with no more than so many events each that have to be read.

    One of them ends where event types were ``noted`` up to, so that noting goes on from there.
    """
    noted = max(after, min(upto, noted))
    if telling is not None and telling.types.are_rare:
        yield from log.ranges(after, noted, telling.types, size)
        after = noted
    for first, last in ((after, noted), (noted, upto)):
        for start in range(first, last, size):
            yield start, min(start + size, last)


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
