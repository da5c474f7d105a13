"""Folding again from the log what is linked to some objects: it heals, whatever went wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ledger import Log
from projections.objects.decode import reader
from projections.objects.observation import Key, Observation
from projections.rows.project import fold_objects
from projections.tables.component import StoredComponent, members_of, piece, row_key
from projections.tables.store import ComponentStore

__all__ = ["Refolded", "refold", "seeds_of"]


@dataclass(frozen=True, slots=True)
class Refolded:
    """How many pieces of linked objects were folded again, and how many rows that changed."""

    pieces: int
    changed: int


@dataclass(slots=True)
class _Linked:
    """All that hangs together with one object, by the tables and by the log."""

    keys: set[Key] = field(default_factory=set)
    numbers: dict[Key, int] = field(default_factory=dict)
    old: dict[int, StoredComponent] = field(default_factory=dict)
    told: list[Observation] = field(default_factory=list)


def seeds_of(store: ComponentStore, log: Log, id: str, *, upto: int) -> set[Key]:
    """The objects with an id, in every account and mode, that the tables or the log know."""
    known = (key for kept in store.load(store.around(id)).values()
             for key in members_of(store.kind, kept.states))  # fmt: skip
    read = reader(store.kind.objects)
    told = (observation.key for entry in log.streams(log.streams_named(id), upto=upto)
            for observation in read(entry))  # fmt: skip
    return {key for key in (*known, *told) if key.id == id}


def refold(store: ComponentStore, log: Log, seeds: Iterable[Key], *, upto: int) -> Refolded:
    """Make what is linked to some objects anew from their streams, and nothing else."""
    done: set[Key] = set()
    pieces = changed = 0
    for seed in sorted(seeds):
        if seed in done:
            continue
        linked = _linked(store, log, seed, upto)
        done |= linked.keys
        if linked.told or linked.old:
            pieces += 1
            changed += _replace(store, linked)
    return Refolded(pieces, changed)


def _linked(store: ComponentStore, log: Log, seed: Key, upto: int) -> _Linked:
    kind, linked, new = store.kind, _Linked(), {seed}
    read = reader(kind.objects)
    while new:
        linked.keys |= new
        found = store.find(new)
        linked.numbers |= found
        old = store.load(set(found.values()) - linked.old.keys())
        linked.old |= old
        more = {key for kept in old.values() for key in members_of(kind, kept.states)}
        for entry in log.streams({key.uuid for key in new}, upto=upto):
            for observation in read(entry):
                linked.told.append(observation)
                more.add(observation.key)
                more |= {
                    Key(observation.key.scope, to, id)
                    for to, ids in observation.links.items()
                    if to in kind.objects
                    for id in ids
                }
        new = more - linked.keys
    return linked


def _replace(store: ComponentStore, linked: _Linked) -> int:
    """Write one piece in the place of those that were there; returns how many rows differ."""
    kind = store.kind
    made = piece(kind, fold_objects(kind, linked.told), sorted(linked.keys))
    number = min(linked.old) if linked.old else store.next_cluster()
    after = {row[0]: row for row in made.rows}
    # A row of theirs is looked for under every id, in case what was kept does not know of it.
    theirs = {row_key(kind, key.scope, key.id) for key in linked.keys}
    theirs |= {row.key for kept in linked.old.values() for row in kept.rows}
    before = store.rows(theirs | after.keys())
    store.forget(before.keys() - after.keys())
    store.replace(linked.old, linked.numbers, {number: made})
    return sum(before.get(key) != after.get(key) for key in before.keys() | after.keys())
