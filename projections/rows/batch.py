"""A batch of recorded events: what it says of each object, and which of them belong together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, TypeVar

from ledger import RecordedEvent
from projections.objects.declaration import StripeObject
from projections.objects.decode import is_thin, object_name, reader
from projections.objects.observation import Key, Observation
from projections.objects.state import State, fold

__all__ = ["Batch", "Group", "LinkedBatch", "Read", "Reading", "read_batch", "sharing_objects"]

# What an event says of objects.
Read = Callable[[RecordedEvent], list[Observation]]


class Reading(Protocol):
    """What is read of events, by one kind or by a family of them.

    ``referenced_reads`` names what is read of objects that are only referred to.
    """

    @property
    def objects(self) -> Mapping[str, StripeObject]:
        """The Stripe objects, by name."""

    @property
    def referenced_reads(self) -> Mapping[str, tuple[str, ...]]:
        """The values of objects of which not all are, by name."""


R = TypeVar("R", bound=Reading)


@dataclass(eq=False)
class Batch:
    """The observations of some recorded events, by object and in order of position.

    Each object is folded once, for all kinds. ``last`` is the position of the last event and
    ``chain`` the log's value there, ``without_snapshot`` how many of them carried none. ``types``
    has each event type with the name of an object that such an event was about.
    """

    objects: Mapping[str, StripeObject]
    observations: dict[Key, list[Observation]]
    last: int
    chain: bytes
    without_snapshot: int
    types: set[tuple[str, str]]
    _by_object: dict[str, list[Key]] = field(default_factory=dict, repr=False)
    _links: dict[Key, set[Key]] = field(default_factory=dict, repr=False)
    _states: dict[Key, State] = field(default_factory=dict, repr=False)

    def keys_of(self, objects: Iterable[str]) -> Iterator[Key]:
        """The objects of some names that the batch says something of."""
        if not self._by_object:
            for key in self.observations:
                self._by_object.setdefault(key.object, []).append(key)
        for name in objects:
            yield from self._by_object.get(name, ())

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


def read_batch(
    events: Sequence[RecordedEvent],
    objects: Mapping[str, StripeObject],
    read: Read | None = None,
) -> Batch:
    """The batch of some events, which are in order of position.

    ``read`` is the reader of the objects, where it is not to be the usual one.
    """
    observations: dict[Key, list[Observation]] = defaultdict(list)
    without_snapshot, read = 0, read or reader(objects)
    types = set[tuple[str, str]]()
    for event in events:
        observed = read(event)
        for observation in observed:
            observations[observation.key].append(observation)
        if observed:
            # Its own object comes first.
            types.add((event.type, observed[0].key.object))
            continue
        types.add((event.type, object_name(event)))
        if is_thin(event):
            without_snapshot += 1
    last, chain = (events[-1].position, events[-1].chain) if events else (0, b"")
    return Batch(objects, observations, last, chain, without_snapshot, types)


@dataclass(slots=True, eq=False)
class Group:
    """Objects that a batch links to each other: those it observed, and all keys, linked ones too.

    ``keys`` include the observed ones.
    """

    observed: list[Key] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)


@dataclass(eq=False)
class LinkedBatch:
    """A batch as one kind or family reads it."""

    reading: Reading
    batch: Batch

    @cached_property
    def groups(self) -> list[Group]:
        """The observed objects that it reads, grouped so that no link leads out of a group."""
        objects = self.reading.objects
        group_of: dict[Key, Group] = {}
        for key in self.batch.keys_of(objects):
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
        """The state of a new object, as much of it as is read."""
        return self.batch.state(key).trimmed(self.reading.referenced_reads.get(key.object))


def _join(left: Group, right: Group, group_of: dict[Key, Group]) -> Group:
    """Both groups as one: the smaller goes into the larger."""
    large, small = (left, right) if len(left.keys) >= len(right.keys) else (right, left)
    large.observed += small.observed
    large.keys += small.keys
    for key in small.keys:
        group_of[key] = large
    return large


def sharing_objects(readings: Iterable[R]) -> list[list[R]]:
    """Those that declare their objects alike and so can share a batch; mostly all of them."""
    groups: list[list[R]] = []
    for reading in readings:
        for group in groups:
            known = {
                name: declared for member in group for name, declared in member.objects.items()
            }
            if all(known.get(name, its) is its for name, its in reading.objects.items()):
                group.append(reading)
                break
        else:
            groups.append([reading])
    return groups
