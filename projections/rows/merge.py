"""Applying a batch of the log to one kind's tables: what is new is added, the rest made anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from projections.objects.observation import Key
from projections.objects.state import State, lent
from projections.rows.batch import Batch
from projections.rows.groups import Part, parts
from projections.rows.kind import Kind
from projections.tables.component import DrawnComponent, StoredComponent, members_of, piece
from projections.tables.store import ComponentStore

__all__ = ["Prepared", "apply", "prepare"]


@dataclass(slots=True)
class Prepared:
    """What a batch tells a kind, by what is linked; ready where it was made beforehand."""

    parts: list[Part]
    pieces: dict[Part, DrawnComponent] = field(default_factory=dict)


def prepare(kind: Kind, batch: Batch) -> Prepared:
    """All that can be worked out without the tables: the pieces, should nothing be known yet."""
    found = parts(batch, kind)
    return Prepared(found, {part: _fresh(kind, part, batch) for part in found})


def apply(store: ComponentStore, batch: Batch, prepared: Prepared | None = None) -> None:
    """Fold what the log has and the tables have not into states and rows."""
    kind = store.kind
    if prepared is None:
        prepared = Prepared(parts(batch, kind))
    known = store.find([key for part in prepared.parts for key in part.members])
    fresh, touched = [], []
    for part in prepared.parts:
        if known and any(key in known for key in part.members):
            touched.append(part)
        else:
            fresh.append(prepared.pieces.get(part) or _fresh(kind, part, batch))
    if fresh:
        store.add(fresh)
    if touched:
        _merge(store, batch, touched, known)


def _fresh(kind: Kind, part: Part, batch: Batch) -> DrawnComponent:
    states = [_kept(kind, batch.state(key)) for key in part.told]
    return piece(kind, states, part.members)


def _kept(kind: Kind, state: State) -> State:
    return lent(state, kind.lent.get(state.object))


@dataclass(slots=True, eq=False)
class _Merged:
    """What becomes one cluster: parts of the batch, and the clusters that they touch."""

    told: list[Key] = field(default_factory=list)
    numbers: set[int] = field(default_factory=set)
    states: dict[Key, State] = field(default_factory=dict)


def _merge(
    store: ComponentStore, batch: Batch, touched: Collection[Part], known: Mapping[Key, int]
) -> None:
    kind = store.kind
    old = store.load(set(known.values()))
    # Before anything is folded: a step changes the states that were loaded.
    catalog = {key: number for number, kept in old.items() for key in members_of(kind, kept.states)}
    merged = _joined(touched, known, old)
    _fold(kind, batch, merged)
    new = {}
    for one in merged:
        states = list(one.states.values())
        new[min(one.numbers)] = piece(kind, states, list(members_of(kind, states)))
    store.replace(old, catalog, new)


def _joined(
    touched: Iterable[Part], known: Mapping[Key, int], old: Mapping[int, StoredComponent]
) -> list[_Merged]:
    of: dict[int, _Merged] = {}
    for part in touched:
        one = _Merged(list(part.told), {known[key] for key in part.members if key in known})
        others = {id(of[number]): of[number] for number in one.numbers if number in of}
        for other in others.values():
            one.told += other.told
            one.numbers |= other.numbers
        for number in one.numbers:
            of[number] = one
    merged = list({id(one): one for one in of.values()}.values())
    for one in merged:
        for number in sorted(one.numbers):
            one.states |= {state.key: state for state in old[number].states}
    return merged


def _fold(kind: Kind, batch: Batch, merged: Iterable[_Merged]) -> None:
    """Take what the batch tells into the states of what was known before."""
    steps: list[tuple[_Merged, State]] = []
    anchored: list[State] = []
    behind: list[tuple[_Merged, Key]] = []
    for one in merged:
        for key in one.told:
            state = one.states.get(key)
            if state is None:
                one.states[key] = _kept(kind, batch.state(key))
            elif batch.follows(state):
                steps.append((one, state))
                if batch.needs_anchor(state):
                    anchored.append(state)
            else:
                behind.append((one, key))
    carried = [(one, key, _carriers(kind, key, one.states, batch)) for one, key in behind]
    batch.fetch(anchored, [[key, *carriers] for _, key, carriers in carried])
    for one, state in steps:
        batch.step(state)
        one.states[state.key] = _kept(kind, state)
    for one, key, carriers in carried:
        one.states[key] = _kept(kind, batch.refold(key, carriers))


def _carriers(kind: Kind, key: Key, states: Mapping[Key, State], batch: Batch) -> list[Key]:
    """The objects whose events embed a snapshot of one, or of what embeds it."""
    found: list[Key] = []
    wanted = [key]
    while wanted:
        inner = wanted.pop()
        for thing in kind.objects.values():
            if any(embed.object == inner.object for embed in thing.embeds):
                carriers = [
                    other
                    for other, state in states.items()
                    if other.object == thing.name
                    and other not in found
                    and (
                        inner.id in state.links.get(inner.object, ()) or _tells(batch, other, inner)
                    )
                ]
                found += carriers
                wanted += carriers
    return found


def _tells(batch: Batch, carrier: Key, inner: Key) -> bool:
    # Its state may not have taken in yet what the batch tells.
    return any(
        inner.id in observation.links.get(inner.object, ())
        for observation in batch.told.get(carrier, ())
    )
