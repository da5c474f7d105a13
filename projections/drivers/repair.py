"""Mending the living table: only what was touched is folded again, a little at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select

from ledger import Log
from ledger.database import write_transaction
from projections.drivers.bulk import Progress
from projections.drivers.refold import Refolded, refold, seeds_of
from projections.errors import NotReady
from projections.objects.decode import reader
from projections.rows.kind import Kind
from projections.tables.catalog import Catalog
from projections.tables.store import ComponentStore

__all__ = ["repair_id", "repair_since"]

# So many events' objects in one transaction: a follower waits for no more than that.
_EVENTS = 200


def repair_id(catalog: Catalog, log: Log, kind: Kind, id: str) -> Refolded:
    """Fold all objects with an id again, with what is linked to them."""
    with _living(catalog, kind) as (store, position):
        return refold(store, log, seeds_of(store, log, id, upto=position), upto=position)


def repair_since(
    catalog: Catalog, log: Log, kind: Kind, received_at: int, progress: Progress | None = None
) -> Refolded:
    """Fold the objects again that an event received from a time on (microseconds) tells of."""
    with _living(catalog, kind) as (_, upto):
        pass
    positions = log.received_since(received_at, upto=upto)
    read = reader(kind.objects)
    pieces = changed = 0
    for start in range(0, len(positions), _EVENTS):
        lines = log.at_positions(positions[start : start + _EVENTS])
        seeds = {observation.key for line in lines for observation in read(line)}
        with _living(catalog, kind) as (store, position):
            done = refold(store, log, seeds, upto=position)
        pieces, changed = pieces + done.pieces, changed + done.changed
        if progress is not None:
            progress(kind.name, min(start + _EVENTS, len(positions)), len(positions))
    return Refolded(pieces, changed)


@contextmanager
def _living(catalog: Catalog, kind: Kind) -> Iterator[tuple[ComponentStore, int]]:
    """The living table, held at its position until the transaction ends."""
    with write_transaction(catalog.engine) as connection:
        live_table = catalog.live_table(connection, kind.name)
        if live_table is None or live_table.fingerprint != kind.fingerprint:
            raise NotReady(
                f"{kind.name} are served by a table of another version: run `ledger rebuild`"
            )
        positions = catalog.control.positions
        held = select(positions.c.position).where(positions.c.table_name == live_table.table_name)
        position = connection.execute(held.with_for_update()).scalar_one()
        tables = catalog.tables(kind, live_table.table_name)
        yield ComponentStore(connection, tables, catalog.control), position
