"""Repairing what serves: only the components that are touched are folded again from the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from ledger import Log
from ledger.database import write_transaction
from projections.drivers.bulk import Progress
from projections.drivers.draw import draw_since, redraw, row_stores
from projections.drivers.refold import Repaired, refold
from projections.errors import NotReady
from projections.objects.decode import reader
from projections.objects.observation import Key
from projections.rows.components import object_keys
from projections.tables.catalog import Catalog
from projections.tables.live import of_another_log
from projections.tables.row_store import RowStore
from projections.tables.schema import Unit
from projections.tables.store import ComponentStore

__all__ = ["Repaired", "repair_id", "repair_since"]

# The objects of so many events in one transaction: a follower waits no longer than that.
_EVENTS = 200


def repair_id(catalog: Catalog, log: Log, unit: Unit, id: str) -> Repaired:
    """Fold all objects with an id again, with what is linked to them, and draw a unit's rows."""
    with _held(catalog, log, unit) as (store, rows, position):
        keys = _keys_of_id(store, log, id, upto=position)
        return refold(store, rows, log, keys, upto=position)


def repair_since(
    catalog: Catalog, log: Log, unit: Unit, received_at: int, progress: Progress | None = None
) -> Repaired:
    """Fold again the objects of all events received from a time on (microseconds since 1970)."""
    with _held(catalog, log, unit) as (_, _, upto):
        positions = log.received_since(received_at, upto=upto)
    read = reader(unit.family.objects)
    names = ", ".join(tables.kind.name for tables in unit.rows)
    components, changed = 0, Counter[str]()
    for start in range(0, len(positions), _EVENTS):
        events = log.at_positions(positions[start : start + _EVENTS])
        keys = {observation.key for event in events for observation in read(event)}
        with _held(catalog, log, unit) as (store, rows, position):
            repaired = refold(store, rows, log, keys, upto=position)
        components += repaired.components
        changed += repaired.changed
        if progress is not None:
            progress(names, min(start + _EVENTS, len(positions)), len(positions))
    return Repaired(components, changed)


@contextmanager
def _held(
    catalog: Catalog, log: Log, unit: Unit
) -> Iterator[tuple[ComponentStore, list[RowStore], int]]:
    """A unit that serves, held at its checkpoint until the transaction ends."""
    draw_since(catalog, log, unit)
    with write_transaction(catalog.engine) as connection:
        checkpoint = catalog.checkpoint(connection, unit.store.name, lock=True)
        if checkpoint is None:
            raise NotReady("another version was cut over to meanwhile: run `ledger rebuild`")
        if not catalog.belonging.holds(checkpoint):
            raise NotReady(of_another_log(unit.rows[0].kind))
        redraw(catalog, log, unit, connection, narrowed=True)
        store = ComponentStore(connection, unit.store)
        rows = row_stores(connection, catalog, unit, dict.fromkeys(unit.names, True))
        yield store, rows, checkpoint.position


def _keys_of_id(store: ComponentStore, log: Log, id: str, *, upto: int) -> set[Key]:
    """The objects with an id, in every account and mode, by the tables and by the log."""
    objects = store.family.objects
    stored = store.components(store.numbers_of_id(id)).values()
    keys = {key for component in stored for key in object_keys(objects, component.states)}
    read = reader(objects)
    for event in log.streams(log.streams_named(id), upto=upto):
        keys |= {observation.key for observation in read(event)}
    return {key for key in keys if key.id == id}
