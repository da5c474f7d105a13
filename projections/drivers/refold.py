"""Folding what is linked to some objects anew from the log, whatever is stored of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from ledger import Log, RecordedEvent
from projections.objects.observation import Key
from projections.rows.batch import LinkedBatch, read_batch
from projections.rows.change import ComponentChange, StoredComponent, row_keys
from projections.rows.components import object_keys
from projections.rows.merge import Earlier, Stored, Touched, merge
from projections.tables.component import draw
from projections.tables.letters import LOST
from projections.tables.narrow import (
    attempt,
    lost_rows,
    write_rows_narrowed,
    write_states_narrowed,
)
from projections.tables.row_store import RowStore
from projections.tables.store import ComponentStore

__all__ = ["Repaired", "refold", "refold_lost"]


@dataclass(frozen=True, slots=True)
class Repaired:
    """How many components were folded again, and how many rows that changed, by kind."""

    components: int
    changed: Counter[str]


@dataclass(slots=True)
class _Linked:
    """Everything that is linked to one object, by the tables and by the log."""

    keys: set[Key] = field(default_factory=set)
    numbers: dict[Key, int] = field(default_factory=dict)
    stored: dict[int, StoredComponent] = field(default_factory=dict)
    events: dict[int, RecordedEvent] = field(default_factory=dict)


def refold(
    store: ComponentStore, rows: Sequence[RowStore], log: Log, keys: Iterable[Key], *, upto: int
) -> Repaired:
    """Project what is linked to some objects anew from their streams, and nothing else."""
    repaired: set[Key] = set()
    components, changed = 0, Counter[str]()
    for key in sorted(keys):
        if key in repaired:
            continue
        linked = _linked(store, log, key, upto)
        repaired |= linked.keys
        if linked.events or linked.stored:
            components += 1
            changed.update(_replace(store, rows, linked))
    return Repaired(components, changed)


def refold_lost(
    store: ComponentStore,
    rows: Sequence[RowStore],
    log: Log,
    changes: Sequence[ComponentChange],
    *,
    upto: int,
) -> None:
    """Fold anew what changes were written of as if it was known, but lost events before."""
    lost = set().union(*(lost_rows(each) for each in rows))
    if lost:
        keys = {key for change in changes for key in change.keys if (key.scope, key.id) in lost}
        refold(store, rows, log, keys, upto=upto)


def _linked(store: ComponentStore, log: Log, key: Key, upto: int) -> _Linked:
    objects, linked, new = store.family.objects, _Linked(), {key}
    while new:
        linked.keys |= new
        numbers = store.numbers(new)
        linked.numbers |= numbers
        stored = store.components(set(numbers.values()) - linked.stored.keys())
        linked.stored |= stored
        more = {
            member
            for component in stored.values()
            for member in object_keys(objects, component.states)
        }
        events = log.streams({member.uuid for member in new}, upto=upto)
        linked.events |= {event.position: event for event in events}
        batch = read_batch(events, objects)
        for member in batch.observations:
            more.add(member)
            more |= {target for target in batch.links(member) if target.object in objects}
        new = more - linked.keys
    return linked


def _replace(store: ComponentStore, rows: Sequence[RowStore], linked: _Linked) -> dict[str, int]:
    """Write one component in the place of those that were there; returns how many rows differ."""
    family = store.family
    events = [linked.events[position] for position in sorted(linked.events)]
    # As if nothing of it was stored: whatever went wrong there does not matter.
    batch = LinkedBatch(family, read_batch(events, family.objects))
    change = merge(Touched(batch, Stored()), Earlier())
    # The component that an object is said to be in may itself be gone.
    numbers = tuple(sorted(set(linked.numbers.values())))
    component = ComponentChange(
        sorted(linked.keys),
        [state for part in change.components for state in part.states],
        numbers,
        tuple(linked.stored.get(number, StoredComponent([])) for number in numbers),
    )
    keys = [row_keys(each.kind, component.keys) for each in rows]
    before = [each.standing(its) for each, its in zip(rows, keys, strict=True)]
    for each, its in zip(rows, keys, strict=True):
        lost = {LOST + key for key in its}
        attempt(each.connection, partial(each.delete_letters, lost))
    if write_states_narrowed(store, rows, [component], {}):
        for each, its in zip(rows, keys, strict=True):
            drawn = draw(each.kind, component)
            # A row is looked for under every id, should the stored component not know of it.
            drawn.keys |= its
            write_rows_narrowed(each, [drawn], anew=True)
    after = [each.standing(its) for each, its in zip(rows, keys, strict=True)]
    return {
        each.kind.name: sum(stood.get(key) != stands.get(key) for key in its)
        for each, its, stood, stands in zip(rows, keys, before, after, strict=True)
    }
