"""Repairing the live table: only the components that are touched are folded again from the log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ledger import Log
from ledger.database import write_transaction
from projections.drivers.bulk import Progress
from projections.drivers.refold import Repaired, refold
from projections.errors import NotReady
from projections.objects.decode import reader
from projections.objects.observation import Key
from projections.rows.components import object_keys
from projections.rows.kind import Kind
from projections.tables.catalog import Catalog
from projections.tables.live import of_another_log
from projections.tables.store import ComponentStore

__all__ = ["Repaired", "repair_id", "repair_since"]

# The objects of so many events in one transaction: a follower waits no longer than that.
_EVENTS = 200


def repair_id(catalog: Catalog, log: Log, kind: Kind, id: str) -> Repaired:
    """Fold all objects with an id again, with what is linked to them."""
    with _live_store(catalog, kind) as (store, position):
        return refold(store, log, _keys_of_id(store, log, id, upto=position), upto=position)


def repair_since(
    catalog: Catalog, log: Log, kind: Kind, received_at: int, progress: Progress | None = None
) -> Repaired:
    """Fold again the objects of all events received from a time on (microseconds since 1970)."""
    with _live_store(catalog, kind) as (_, upto):
        positions = log.received_since(received_at, upto=upto)
    read = reader(kind.objects)
    components = changed = 0
    for start in range(0, len(positions), _EVENTS):
        events = log.at_positions(positions[start : start + _EVENTS])
        keys = {observation.key for event in events for observation in read(event)}
        with _live_store(catalog, kind) as (store, position):
            repaired = refold(store, log, keys, upto=position)
        components, changed = components + repaired.components, changed + repaired.changed
        if progress is not None:
            progress(kind.name, min(start + _EVENTS, len(positions)), len(positions))
    return Repaired(components, changed)


@contextmanager
def _live_store(catalog: Catalog, kind: Kind) -> Iterator[tuple[ComponentStore, int]]:
    """The live table, held at its checkpoint until the transaction ends."""
    with write_transaction(catalog.engine) as connection:
        live_table = catalog.live_table(connection, kind.name)
        if live_table is None or live_table.fingerprint != kind.fingerprint:
            raise NotReady(
                f"{kind.name} are served by a table of another version: run `ledger rebuild`"
            )
        checkpoint = catalog.checkpoint(connection, live_table.table_name, lock=True)
        assert checkpoint is not None
        if not catalog.belonging.holds(checkpoint):
            raise NotReady(of_another_log(kind))
        tables = catalog.tables(kind, live_table.table_name)
        yield ComponentStore(connection, tables, catalog.control), checkpoint.position


def _keys_of_id(store: ComponentStore, log: Log, id: str, *, upto: int) -> set[Key]:
    """The objects with an id, in every account and mode, by the tables and by the log."""
    stored = store.components(store.numbers_of_id(id)).values()
    keys = {key for component in stored for key in object_keys(store.kind, component.states)}
    read = reader(store.kind.objects)
    for event in log.streams(log.streams_named(id), upto=upto):
        keys |= {observation.key for observation in read(event)}
    return {key for key in keys if key.id == id}
