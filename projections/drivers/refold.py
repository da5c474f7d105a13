"""Folding what is linked to some objects anew from the log, whatever is stored of it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from ledger import Log, RecordedEvent
from projections.errors import DataRefused
from projections.objects.observation import Key
from projections.rows.batch import KindBatch, read_batch
from projections.rows.change import Change, ComponentChange, StoredComponent, StoredRow, row_key
from projections.rows.components import object_keys
from projections.rows.merge import Earlier, Stored, Touched, merge
from projections.tables.component import terms_of
from projections.tables.narrow import delete_lost, lost_rows, write_narrowed
from projections.tables.store import ComponentStore

__all__ = ["Repaired", "refold", "refold_lost"]


@dataclass(frozen=True, slots=True)
class Repaired:
    """How many components were folded again, and how many rows that changed."""

    components: int
    changed: int


@dataclass(slots=True)
class _Linked:
    """Everything that is linked to one object, by the tables and by the log."""

    keys: set[Key] = field(default_factory=set)
    numbers: dict[Key, int] = field(default_factory=dict)
    stored: dict[int, StoredComponent] = field(default_factory=dict)
    events: dict[int, RecordedEvent] = field(default_factory=dict)


def refold(store: ComponentStore, log: Log, keys: Iterable[Key], *, upto: int) -> Repaired:
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


def refold_lost(store: ComponentStore, log: Log, change: Change) -> None:
    """Fold anew what a change was written of as if it was known, but lost events before."""
    lost = lost_rows(store)
    keys = {
        key
        for component in change.components
        for key in component.keys
        if (key.scope, key.id) in lost
    }
    refold(store, log, keys, upto=change.last)


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
    recorded = {row.key for stored in linked.stored.values() for row in stored.rows}
    keys = recorded | {row_key(kind, key) for key in linked.keys}
    keys |= {row_key(kind, row.key) for row in component.rows()}
    before = store.rows(keys)
    delete_lost(store, keys)
    with suppress(DataRefused), store.connection.begin_nested():
        # What remains of it is then refused as the row that it is in the way of.
        store.delete_rows(before.keys() - recorded)
    with suppress(DataRefused), store.connection.begin_nested():
        # All terms are written anew, because those that are there may be any.
        store.remove_terms(terms_of(row for each in linked.stored.values() for row in each.rows))
        store.remove_terms(store.terms_of(before))
    write_narrowed(store, Change(kind, 0, [component]))
    after = store.rows(keys)
    return sum(before.get(key) != after.get(key) for key in keys)


def _without_terms(stored: StoredComponent | None) -> StoredComponent:
    if stored is None:
        return StoredComponent([], [])
    rows = [
        StoredRow(row.key, row.members, row.has_dead_letters, is_written=row.is_written)
        for row in stored.rows
    ]
    return StoredComponent(stored.states, rows)
