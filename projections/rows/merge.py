"""Merging a batch into stored components: pure, the one way in which anything is projected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from projections.objects.observation import Key, Observation
from projections.objects.ordering import needs_anchor
from projections.objects.state import State, fold
from projections.rows.batch import Group, LinkedBatch, Reading
from projections.rows.change import Change, ComponentChange, StoredComponent
from projections.rows.components import object_keys
from projections.rows.disjoint import DisjointSets

__all__ = [
    "Earlier",
    "Joined",
    "Needs",
    "Stored",
    "Touched",
    "component_change",
    "merge",
    "new_component",
]


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored components that a batch touches by number, and each known object's number."""

    numbers: Mapping[Key, int] = field(default_factory=dict)
    components: Mapping[int, StoredComponent] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Needs:
    """The earlier events that ordering needs.

    ``anchors``: the position of an object's newest snapshot. ``histories``: of an object whose
    events came late, all objects whose streams say something of it, itself included.
    """

    anchors: dict[Key, int]
    histories: dict[Key, list[Key]]


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was read for ``Needs``; a history includes the batch's own observations."""

    anchors: Mapping[Key, Observation] = field(default_factory=dict)
    histories: Mapping[Key, list[Observation]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Joined:
    """Groups of the batch and the stored components that they join into one.

    ``observed`` and ``known`` are the objects that the batch observed, and those that are stored;
    ``numbers`` and ``states`` are of the stored components.
    """

    observed: list[Key] = field(default_factory=list)
    known: list[Key] = field(default_factory=list)
    numbers: set[int] = field(default_factory=set)
    states: dict[Key, State] = field(default_factory=dict)


@dataclass(eq=False)
class Touched:
    """A batch beside the stored components that it touches."""

    batch: LinkedBatch
    stored: Stored

    @cached_property
    def new(self) -> list[Group]:
        """The groups none of whose objects is stored."""
        return self._parts[0]

    @cached_property
    def joined(self) -> list[Joined]:
        """The other groups, with the stored components that they join."""
        numbers, sets = self.stored.numbers, DisjointSets[int]()
        for _, known in self._parts[1]:
            sets.join(numbers[key] for key in known)
        by_root: dict[int, Joined] = defaultdict(Joined)
        for group, known in self._parts[1]:
            joined = by_root[sets.find(numbers[known[0]])]
            joined.observed += group.observed
            joined.known += known
            joined.numbers |= {numbers[key] for key in known}
        for joined in by_root.values():
            for number in sorted(joined.numbers):
                stored = self.stored.components[number]
                joined.states |= {state.key: state for state in stored.states}
        return list(by_root.values())

    @cached_property
    def _parts(self) -> tuple[list[Group], list[tuple[Group, list[Key]]]]:
        """The groups of which nothing is stored; the others, each with its stored objects."""
        numbers = self.stored.numbers
        if not numbers:
            return self.batch.groups, []
        new: list[Group] = []
        others: list[tuple[Group, list[Key]]] = []
        for group in self.batch.groups:
            known = [key for key in group.keys if key in numbers]
            if known:
                others.append((group, known))
            else:
                new.append(group)
        return new, others

    def needs(self, *, all_anchors: bool = False) -> Needs:
        """Which earlier events ``merge`` needs; ``all_anchors`` for merging event by event."""
        batch = self.batch.batch
        needs = Needs({}, {})
        for joined in self.joined:
            for key in joined.observed:
                state = joined.states.get(key)
                if state is None:
                    continue
                if not batch.is_newer(state):
                    needs.histories[key] = [key, *self._carriers(key, joined)]
                elif state.snapshot is not None and (
                    all_anchors or needs_anchor(batch.observations[key], batch.objects[key.object])
                ):
                    needs.anchors[key] = state.snapshot[1]
        return needs

    def _carriers(self, key: Key, joined: Joined) -> list[Key]:
        """The objects whose events embed a snapshot of an object, or of what embeds it."""
        candidates = dict.fromkeys([*joined.states, *joined.observed])
        carriers: list[Key] = []
        wanted = [key]
        while wanted:
            inner = wanted.pop()
            names = {
                declared.name
                for declared in self.batch.reading.objects.values()
                if any(embed.object == inner.object for embed in declared.embeds)
            }
            new = [
                carrier
                for carrier in candidates
                if carrier.object in names
                and carrier not in carriers
                and self._links(carrier, inner, joined.states.get(carrier))
            ]
            carriers += new
            wanted += new
        return carriers

    def _links(self, carrier: Key, inner: Key, state: State | None) -> bool:
        """Whether an object links to another, by its state or by what the batch says of it."""
        if state is not None and inner.id in state.links.get(inner.object, ()):
            return True
        observations = self.batch.batch.observations.get(carrier, ())
        return any(inner.id in each.links.get(inner.object, ()) for each in observations)


def merge(
    touched: Touched, earlier: Earlier, prepared: Mapping[Group, ComponentChange] | None = None
) -> Change:
    """What a batch changes in the stored components; changes nothing itself.

    ``prepared`` are ``new_component`` of groups, where that was computed ahead.
    """
    batch, prepared = touched.batch, prepared or {}
    change = Change(batch.batch.last)
    for group in touched.new:
        change.components.append(prepared.get(group) or new_component(batch, group))
    for joined in touched.joined:
        states = dict(joined.states)
        for key, state in _merged(touched, joined, earlier):
            states[key] = state
        change.components.append(component_change(batch.reading, touched.stored, joined, states))
    return change


def new_component(batch: LinkedBatch, group: Group) -> ComponentChange:
    """The component of a group as if its objects were new; needs no database."""
    states = [batch.state(key) for key in group.observed]
    return ComponentChange(group.keys, states)


def _merged(touched: Touched, joined: Joined, earlier: Earlier) -> Iterator[tuple[Key, State]]:
    """The new states of the observed objects."""
    batch, reading = touched.batch.batch, touched.batch.reading
    for key in joined.observed:
        base, declared = joined.states.get(key), batch.objects[key.object]
        if base is None:
            yield key, touched.batch.state(key)
            continue
        if key in earlier.histories:
            state = fold(earlier.histories[key], declared)
        else:
            assert batch.is_newer(base), f"the history of a late {key.object} was not loaded"
            anchor = earlier.anchors.get(key)
            state = fold(batch.observations[key], declared, base=base, anchor=anchor)
        yield key, state.trimmed(reading.referenced_reads.get(key.object))


def component_change(
    reading: Reading, stored: Stored, joined: Joined, states: Mapping[Key, State]
) -> ComponentChange:
    """What stored components, joined by a batch, became: ``states`` are all of their objects'."""
    numbers = tuple(sorted(joined.numbers))
    keys = object_keys(reading.objects, states.values())
    # No object that was stored with them is left pointing at a component that is gone.
    keys |= dict.fromkeys(joined.known)
    before = tuple(stored.components[number] for number in numbers)
    observed = frozenset(key.object for key in joined.observed)
    return ComponentChange(keys, list(states.values()), numbers, before, observed)
