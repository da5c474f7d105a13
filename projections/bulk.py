"""Bulk filling: slices of the log are worked out side by side and written in the log's order."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ledger import Log
from projections.apply import Prepared, apply, prepare
from projections.engine import write_much, writing
from projections.errors import AlreadyRunning
from projections.kind_store import KindStore
from projections.pointer import Places
from projections.slice import Slice, alike
from projections.tables import KindTables

__all__ = ["MEMORY_MB", "Filler", "Progress", "Report", "fill", "slices", "uncollected"]

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
    """A slice as far as it can be worked out without the tables."""

    after: int
    work: list[tuple[Slice, list[tuple[KindTables, Prepared]]]]


class Filler:
    """Takes tables that all stand at the same position through the log, slice by slice."""

    def __init__(self, places: Places, log: Log, tables: Sequence[KindTables]) -> None:
        self._places = places
        self._log = log
        self._tables = tables
        self._groups = alike([one.kind for one in tables])

    def prepare(self, after: int, upto: int) -> _Ready:
        """Read a slice and work out what it gives, should nothing in it be known yet."""
        lines = self._log.scan(after, upto)
        work = []
        for group in self._groups:
            things = {name: thing for kind in group for name, thing in kind.objects.items()}
            slice = Slice(self._log, things)
            slice.take(lines)
            mine = [one for one in self._tables if one.kind in group]
            work.append((slice, [(one, prepare(one.kind, slice)) for one in mine]))
        return _Ready(after, work)

    def commit(self, ready: _Ready) -> None:
        """Write a slice, all tables in one transaction; those before it have to be written."""
        with writing(self._places.engine) as connection:
            write_much(connection)
            for slice, prepared in ready.work:
                names = [tables.name for tables, _ in prepared]
                moved = self._places.advance(
                    connection, names, old=ready.after, new=slice.last, without_snapshot=slice.thin
                )
                if len(moved) < len(names):
                    raise AlreadyRunning("somebody else writes the tables of this rebuild")
                for tables, pieces in prepared:
                    store = KindStore(connection, tables, self._places.control)
                    apply(store, slice, pieces)


def slices(
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
    """Take the slices one after the other; ``report`` is told the position after each."""
    with uncollected():
        for after, upto in ranges:
            filler.commit(filler.prepare(after, upto))
            report(upto)


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the search for cycles: a slice makes millions of objects, and not one cycle."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
