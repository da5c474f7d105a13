"""Mending the living table: only what was touched is folded again, a little at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select

from ledger import Log
from projections.bulk import Progress
from projections.declare import Kind
from projections.engine import writing
from projections.errors import NotReady
from projections.kind_store import KindStore
from projections.pointer import Places
from projections.reading import reader
from projections.refold import Refolded, refold, seeds_of

__all__ = ["mend_id", "mend_since"]

# So many events' objects in one transaction: a follower waits for no more than that.
_EVENTS = 200


def mend_id(places: Places, log: Log, kind: Kind, id: str) -> Refolded:
    """Fold all objects with an id again, with what is linked to them."""
    with _living(places, kind) as (store, position):
        return refold(store, log, seeds_of(store, log, id, upto=position), upto=position)


def mend_since(
    places: Places, log: Log, kind: Kind, received_at: int, progress: Progress | None = None
) -> Refolded:
    """Fold the objects again that an event received from a time on (microseconds) tells of."""
    with _living(places, kind) as (_, upto):
        pass
    positions = log.received_since(received_at, upto=upto)
    read = reader(kind.objects)
    pieces = changed = 0
    for start in range(0, len(positions), _EVENTS):
        lines = log.lines(positions[start : start + _EVENTS])
        seeds = {sighting.key for line in lines for sighting in read(line)}
        with _living(places, kind) as (store, position):
            done = refold(store, log, seeds, upto=position)
        pieces, changed = pieces + done.pieces, changed + done.changed
        if progress is not None:
            progress(kind.name, min(start + _EVENTS, len(positions)), len(positions))
    return Refolded(pieces, changed)


@contextmanager
def _living(places: Places, kind: Kind) -> Iterator[tuple[KindStore, int]]:
    """The living table, held at its position until the transaction ends."""
    with writing(places.engine) as connection:
        pointer = places.pointer(connection, kind.name)
        if pointer is None or pointer.fingerprint != kind.fingerprint:
            raise NotReady(
                f"{kind.name} are served by a table of another version: run `ledger rebuild`"
            )
        positions = places.control.positions
        held = select(positions.c.position).where(positions.c.table_name == pointer.table_name)
        position = connection.execute(held.with_for_update()).scalar_one()
        tables = places.tables(kind, pointer.table_name)
        yield KindStore(connection, tables, places.control), position
