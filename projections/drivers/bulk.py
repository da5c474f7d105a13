"""Bulk filling: batches of the log are worked out side by side and written in the log's order."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ledger import Log
from projections.errors import AlreadyRunning
from projections.rows.batch import Batch, alike
from projections.rows.merge import Prepared, apply, prepare
from projections.tables.catalog import Catalog
from projections.tables.engine import write_much, writing
from projections.tables.schema import KindTables
from projections.tables.store import ComponentStore

__all__ = ["MEMORY_MB", "Filler", "Progress", "Report", "batches", "fill", "uncollected"]

# What a rebuild may take over all its processes, beyond what a Python process takes anyway.
MEMORY_MB = 400
# What an event takes beside its body while it is worked out.
_BYTES_PER_EVENT = 13_000
_SLICE_MAX = 20_000

# Told the position; told what of, how many events are done, and of how many.
Report = Callable[[int], None]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A batch as far as it can be worked out without the tables."""

    after: int
    work: list[tuple[Batch, list[tuple[KindTables, Prepared]]]]


class Filler:
    """Takes tables that all stand at the same position through the log, batch by batch."""

    def __init__(self, catalog: Catalog, log: Log, tables: Sequence[KindTables]) -> None:
        self._catalog = catalog
        self._log = log
        self._tables = tables
        self._groups = alike([one.kind for one in tables])

    def prepare(self, after: int, upto: int) -> _Ready:
        """Read a batch and work out what it gives, should nothing in it be known yet."""
        lines = self._log.scan(after, upto)
        work = []
        for group in self._groups:
            things = {name: thing for kind in group for name, thing in kind.objects.items()}
            batch = Batch(self._log, things)
            batch.take(lines)
            mine = [one for one in self._tables if one.kind in group]
            work.append((batch, [(one, prepare(one.kind, batch)) for one in mine]))
        return _Ready(after, work)

    def commit(self, ready: _Ready) -> None:
        """Write a batch, all tables in one transaction; those before it have to be written."""
        with writing(self._catalog.engine) as connection:
            write_much(connection)
            for batch, prepared in ready.work:
                names = [tables.name for tables, _ in prepared]
                moved = self._catalog.advance(
                    connection, names, old=ready.after, new=batch.last, without_snapshot=batch.thin
                )
                if len(moved) < len(names):
                    raise AlreadyRunning("somebody else writes the tables of this rebuild")
                for tables, pieces in prepared:
                    store = ComponentStore(connection, tables, self._catalog.control)
                    apply(store, batch, pieces)


def batches(
    after: int, upto: int, *, memory_mb: int, processes: int, body_bytes: int
) -> Iterator[tuple[int, int]]:
    """The stretches of the log that so many processes can hold in so much memory.

    ``body_bytes`` is the size of a body on average.
    """
    size = memory_mb * 1_000_000 // processes // (_BYTES_PER_EVENT + body_bytes)
    size = max(100, min(size, _SLICE_MAX))
    for start in range(after, upto, size):
        yield start, min(start + size, upto)


def fill(filler: Filler, ranges: Iterator[tuple[int, int]], report: Report) -> None:
    """Take the batches one after the other; ``report`` is told the position after each."""
    with uncollected():
        for after, upto in ranges:
            filler.commit(filler.prepare(after, upto))
            report(upto)


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the search for cycles: a batch makes millions of objects, and not one cycle."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
