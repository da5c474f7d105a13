"""A batch of recorded events: what it says of each object, and which of them belong together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ledger import RecordedEvent
from projections.objects.declaration import StripeObject
from projections.objects.decode import is_thin, reader
from projections.objects.observation import Key, Observation
from projections.objects.state import State, fold
from projections.rows.kind import Kind

__all__ = ["Batch", "Group", "KindBatch", "read_batch", "sharing_objects"]


@dataclass(eq=False)
class Batch:
    """The observations of some recorded events, by object and in order of position.

    Each object is folded once, for all kinds. ``last`` is the position of the last event and
    ``chain`` the log's value there, ``without_snapshot`` how many of them carried none.
    """

    objects: Mapping[str, StripeObject]
    observations: dict[Key, list[Observation]]
    last: int
    chain: bytes
    without_snapshot: int
    _links: dict[Key, set[Key]] = field(default_factory=dict, repr=False)
    _states: dict[Key, State] = field(default_factory=dict, repr=False)

    def links(self, key: Key) -> set[Key]:
        """The objects that the batch links an object to."""
        links = self._links.get(key)
        if links is None:
            links = self._links[key] = {
                Key(key.scope, to, id)
                for observation in self.observations[key]
                for to, ids in observation.links.items()
                for id in ids
            }
        return links

    def state(self, key: Key) -> State:
        """The state of an object of which only this batch says something."""
        state = self._states.get(key)
        if state is None:
            declared = self.objects[key.object]
            state = self._states[key] = fold(self.observations[key], declared)
        return state

    def is_newer(self, state: State) -> bool:
        """Whether all that the batch says of an object is newer than its state."""
        observations = self.observations[state.key]
        return min(observation.created for observation in observations) > state.second


def read_batch(events: Sequence[RecordedEvent], objects: Mapping[str, StripeObject]) -> Batch:
    """The batch of some events, which are in order of position."""
    observations: dict[Key, list[Observation]] = defaultdict(list)
    without_snapshot, read = 0, reader(objects)
    for event in events:
        observed = read(event)
        for observation in observed:
            observations[observation.key].append(observation)
        if not observed and is_thin(event):
            without_snapshot += 1
    last, chain = (events[-1].position, events[-1].chain) if events else (0, b"")
    return Batch(objects, observations, last, chain, without_snapshot)


@dataclass(slots=True, eq=False)
class Group:
    """Objects that a batch links to each other: those it observed, and all keys, linked ones too.

    ``keys`` include the observed ones.
    """

    observed: list[Key] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)


@dataclass(eq=False)
class KindBatch:
    """A batch as one kind reads it."""

    kind: Kind
    batch: Batch

    @cached_property
    def groups(self) -> list[Group]:
        """The observed objects of the kind, grouped so that no link leads out of a group."""
        objects = self.kind.objects
        group_of: dict[Key, Group] = {}
        for key in self.batch.observations:
            if key.object not in objects:
                continue
            group = group_of.get(key)
            if group is None:
                group = group_of[key] = Group(keys=[key])
            group.observed.append(key)
            for linked in self.batch.links(key):
                if linked.object not in objects:
                    continue
                existing = group_of.get(linked)
                if existing is None:
                    group_of[linked] = group
                    group.keys.append(linked)
                elif existing is not group:
                    group = _join(group, existing, group_of)
        return list(dict.fromkeys(group_of.values()))

    def state(self, key: Key) -> State:
        """The state of a new object, as much of it as the kind keeps."""
        return self.batch.state(key).trimmed(self.kind.referenced_reads.get(key.object))


def _join(left: Group, right: Group, group_of: dict[Key, Group]) -> Group:
    """Both groups as one: the smaller goes into the larger."""
    large, small = (left, right) if len(left.keys) >= len(right.keys) else (right, left)
    large.observed += small.observed
    large.keys += small.keys
    for key in small.keys:
        group_of[key] = large
    return large


def sharing_objects(kinds: Iterable[Kind]) -> list[list[Kind]]:
    """Kinds that declare their objects alike and so can share a batch; mostly all of them."""
    groups: list[list[Kind]] = []
    for kind in kinds:
        for group in groups:
            known = {
                name: declared for member in group for name, declared in member.objects.items()
            }
            if all(known.get(name, its) is its for name, its in kind.objects.items()):
                group.append(kind)
                break
        else:
            groups.append([kind])
    return groups
