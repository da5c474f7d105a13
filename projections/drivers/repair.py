"""Repairing the live table: only the components that are touched are folded again from the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ledger import Log, RecordedEvent
from ledger.database import write_transaction
from projections.drivers.bulk import Progress
from projections.errors import NotReady
from projections.objects.decode import reader
from projections.objects.observation import Key
from projections.rows.batch import KindBatch, read_batch
from projections.rows.change import Change, ComponentChange, StoredComponent, StoredRow, row_key
from projections.rows.components import object_keys
from projections.rows.kind import Kind
from projections.rows.merge import Earlier, Stored, Touched, merge
from projections.tables.catalog import Catalog
from projections.tables.component import terms_of
from projections.tables.live import of_another_log
from projections.tables.store import ComponentStore

__all__ = ["Repaired", "repair_id", "repair_since"]

# The objects of so many events in one transaction: a follower waits no longer than that.
_EVENTS = 200


@dataclass(frozen=True, slots=True)
class Repaired:
    """How many components were folded again, and how many rows that changed."""

    components: int
    changed: int


def repair_id(catalog: Catalog, log: Log, kind: Kind, id: str) -> Repaired:
    """Fold all objects with an id again, with what is linked to them."""
    with _live_store(catalog, kind) as (store, position):
        return _repair(store, log, _keys_of_id(store, log, id, upto=position), upto=position)


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
            repaired = _repair(store, log, keys, upto=position)
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


@dataclass(slots=True)
class _Linked:
    """Everything that is linked to one object, by the tables and by the log."""

    keys: set[Key] = field(default_factory=set)
    numbers: dict[Key, int] = field(default_factory=dict)
    stored: dict[int, StoredComponent] = field(default_factory=dict)
    events: dict[int, RecordedEvent] = field(default_factory=dict)


def _repair(store: ComponentStore, log: Log, keys: Iterable[Key], *, upto: int) -> Repaired:
    """Project what is linked to some objects anew from their streams, and nothing else."""
    repaired: set[Key] = set()
    components = changed = 0
    for key in sorted(keys):
        if key in repaired:
            continue
        linked = _linked(store, log, key, upto)
        repaired |= linked.keys
        if linked.events or linked.stored:
            components += 1
            changed += _replace(store, linked)
    return Repaired(components, changed)


def _linked(store: ComponentStore, log: Log, key: Key, upto: int) -> _Linked:
    kind, linked, new = store.kind, _Linked(), {key}
    while new:
        linked.keys |= new
        numbers = store.numbers(new)
        linked.numbers |= numbers
        stored = store.components(set(numbers.values()) - linked.stored.keys())
        linked.stored |= stored
        more = {
            member
            for component in stored.values()
            for member in object_keys(kind, component.states)
        }
        events = log.streams({member.uuid for member in new}, upto=upto)
        linked.events |= {event.position: event for event in events}
        batch = read_batch(events, kind.objects)
        for member in batch.observations:
            more.add(member)
            more |= {target for target in batch.links(member) if target.object in kind.objects}
        new = more - linked.keys
    return linked


def _replace(store: ComponentStore, linked: _Linked) -> int:
    """Write one component in the place of those that were there; returns how many rows differ."""
    kind = store.kind
    events = [linked.events[position] for position in sorted(linked.events)]
    # As if nothing of it was stored: whatever went wrong there does not matter.
    change = merge(Touched(KindBatch(kind, read_batch(events, kind.objects)), Stored()), Earlier())
    # The component that an object is said to be in may itself be gone.
    numbers = tuple(sorted(set(linked.numbers.values())))
    component = ComponentChange(
        kind,
        sorted(linked.keys),
        [state for part in change.components for state in part.states],
        numbers,
        tuple(_without_terms(linked.stored.get(number)) for number in numbers),
    )
    # A row is looked for under every id, should the stored component not know of it.
    keys = {row_key(kind, key) for key in linked.keys}
    keys |= {row.key for stored in linked.stored.values() for row in stored.rows}
    new_rows = [row for row in component.rows() if row.row is not None]
    keys_after = {row_key(kind, row.key) for row in new_rows}
    before = store.rows(keys | keys_after)
    store.delete_rows(before.keys() - keys_after)
    # All terms are written anew, because those that are there may be any.
    store.remove_terms(terms_of(row for each in linked.stored.values() for row in each.rows))
    store.remove_terms(store.terms_of(before))
    store.write(Change(kind, 0, [component]))
    after = store.rows(keys_after)
    return sum(before.get(key) != after.get(key) for key in before.keys() | after.keys())


def _without_terms(stored: StoredComponent | None) -> StoredComponent:
    if stored is None:
        return StoredComponent([], [])
    rows = [StoredRow(row.key, row.members, row.has_dead_letters) for row in stored.rows]
    return StoredComponent(stored.states, rows)
