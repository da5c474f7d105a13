"""Moving a generation along the log: a batch is prepared, and written with the new position."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, make_url

from ledger import Log, RecordedEvent
from ledger.database import read_transaction
from projections.drivers.batch import write_batch
from projections.drivers.bulk import Progress, without_garbage_collection
from projections.drivers.follow import fitting
from projections.tables.engine import engine_at
from projections.tables.generations import Generation, GenerationCatalog, GenerationTables

__all__ = ["GenerationBatch", "follow", "read_on", "rebuild", "worked_out_anew"]

# Following, and far behind.
_BATCH, _LEAP = 500, 4000
# One that is built serves once it reads batches smaller than this: it has nearly caught up.
_CAUGHT_UP = 100

T = TypeVar("T", bound=GenerationTables)


class GenerationBatch(Protocol):
    """Some events that follow a generation's position, read once."""

    @property
    def last(self) -> tuple[int, bytes]:
        """The position of the last event, and the log's chain value there."""

    def prepare(self, connection: Connection) -> Any:
        """Work out what changes, from what is stored as of the position; writes nothing."""

    def write(self, connection: Connection, prepared: Any, *, narrowed: bool) -> None:
        """Write what was prepared; raises ``DataRefused`` unless ``narrowed``."""


MakeBatch = Callable[[Log, T, Sequence[RecordedEvent]], GenerationBatch]


def follow(
    catalog: GenerationCatalog[T],
    log: Log,
    make: MakeBatch[T],
    *,
    batch: int | None = None,
    before_serving: Callable[[Generation], None] | None = None,
) -> int:
    """One round: read on from this version's position; returns how many events were read.

    A generation whose declarations are new is built beside the one that serves; when it is about to
    serve instead, ``before_serving`` is called. Any number of processes may do this at once: who
    comes second writes nothing.
    """
    with read_transaction(catalog.engine) as connection:
        known = catalog.own(connection)
    known = known or catalog.begin()
    count = read_on(catalog, log, known, make, upto=log.head().position, batch=batch)
    if not known.served and count < _CAUGHT_UP:
        if before_serving is not None:
            before_serving(known)
        catalog.serve(known.name)
    return count


def rebuild(
    catalog: GenerationCatalog[T],
    log: Log,
    make: MakeBatch[T],
    name: str,
    *,
    batch: int | None = None,
    progress: Progress | None = None,
) -> int:
    """Build a generation anew from the log, and let it serve; returns how many events were read."""
    begun, read = catalog.begin(anew=True), 0
    while True:
        head = log.head().position
        count = read_on(catalog, log, begun, make, upto=head, batch=batch)
        read += count
        if progress is not None:
            progress(name, read, log.head().position)
        if count < _CAUGHT_UP and catalog.serve(begun.name):
            return read


def read_on(
    catalog: GenerationCatalog[T],
    log: Log,
    begun: Generation,
    make: MakeBatch[T],
    *,
    upto: int,
    batch: int | None = None,
) -> int:
    """Read one batch of the events up to a position; returns how many there were.

    ``batch`` bounds it. Where another process was first nothing is written, and the next round
    goes on from there.
    """
    with read_transaction(catalog.engine) as connection:
        known = catalog.again(connection, begun)
    if known is None or known.position >= upto:
        return 0
    behind = upto - known.position
    count = min(behind, batch or (_LEAP if behind > _LEAP else _BATCH))
    events = log.scan(known.position, fitting(log, known.position, known.position + count))
    if events:
        _read(catalog, known, make(log, catalog.tables(known.name), events))
    return len(events)


@contextmanager
def worked_out_anew(
    catalog: GenerationCatalog[T],
    log: Log,
    make: MakeBatch[T],
    name: str,
    *,
    upto: int,
    progress: Progress | None = None,
) -> Iterator[tuple[Connection, T]]:
    """A generation worked out anew up to a position, in a file that is deleted afterwards."""
    with TemporaryDirectory(prefix="ledger-check-") as directory:
        engine = engine_at(make_url(f"sqlite:///{Path(directory) / 'check.db'}"))
        try:
            scratch = catalog.scratch(engine)
            scratch.create()
            begun, done = scratch.begin(), 0
            while count := read_on(scratch, log, begun, make, upto=upto):
                done += count
                if progress is not None:
                    progress(name, done, upto)
            with read_transaction(engine) as connection:
                yield connection, scratch.tables(begun.name)
        finally:
            engine.dispose()


def _read(catalog: GenerationCatalog[T], known: Generation, events: GenerationBatch) -> None:
    with read_transaction(catalog.engine) as connection:
        if catalog.again(connection, known) != known:
            return
        with without_garbage_collection():
            prepared = events.prepare(connection)

    def write(connection: Connection, narrowed: bool) -> None:
        if catalog.advance(connection, known, *events.last):
            events.write(connection, prepared, narrowed=narrowed)

    write_batch(catalog.engine, write)
