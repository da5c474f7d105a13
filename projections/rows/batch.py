"""A batch of the log: what a stretch of it tells, by object, read once for all kinds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from ledger import Log, RecordedEvent
from projections.objects.declaration import StripeObject
from projections.objects.decode import is_thin, reader
from projections.objects.observation import Key, Observation
from projections.objects.ordering import canonical_order, needs_anchor
from projections.objects.state import State, fold, step
from projections.rows.kind import Kind

__all__ = ["Batch", "alike"]


class Batch:
    """The observations of a stretch of the log, each object folded once for every kind."""

    def __init__(self, log: Log, things: Mapping[str, StripeObject]) -> None:
        self.things = things
        self.told: dict[Key, list[Observation]] = defaultdict(list)
        self.last = 0
        self.thin = 0
        self._log = log
        self._read = reader(things)
        self._named: dict[Key, set[Key]] = {}
        self._folded: dict[Key, State] = {}
        self._of_stream: dict[UUID, list[Observation]] = {}
        self._at: dict[int, list[Observation]] = {}

    def take(self, lines: Sequence[RecordedEvent]) -> None:
        """Read the next lines of the log."""
        told, read = self.told, self._read
        for line in lines:
            tells = read(line)
            for observation in tells:
                told[observation.key].append(observation)
            if not tells and is_thin(line):
                self.thin += 1
        self.last = lines[-1].position

    def named(self, key: Key) -> set[Key]:
        """The objects that the batch links one to."""
        named = self._named.get(key)
        if named is None:
            named = self._named[key] = {
                Key(key.scope, to, id)
                for observation in self.told[key]
                for to, ids in observation.links.items()
                for id in ids
            }
        return named

    def state(self, key: Key) -> State:
        """The state of an object that nothing but this batch told of."""
        state = self._folded.get(key)
        if state is None:
            state = self._folded[key] = fold(self.told[key], self.things[key.object])
        return state

    def follows(self, state: State) -> bool:
        """Whether all that the batch tells of an object is newer than what its state knows."""
        return min(observation.created for observation in self.told[state.key]) > state.second

    def needs_anchor(self, state: State) -> bool:
        """Whether the order within the batch hangs on the newest snapshot before it."""
        key = state.key
        return state.snapshot is not None and needs_anchor(self.told[key], self.things[key.object])

    def step(self, state: State) -> None:
        """Take what follows on a state into it."""
        key = state.key
        group, thing = self.told[key], self.things[key.object]
        anchor = None
        if state.snapshot is not None and state.snapshot[1] in self._at:
            anchor = next(one for one in self._at[state.snapshot[1]] if one.key == key)
        for observation in canonical_order(group, thing, anchor):
            step(state, observation, thing)

    def refold(self, key: Key, carriers: Iterable[Key]) -> State:
        """The state of an object from the log itself: its stream, and those that carried it."""
        places = [key.uuid, *(carrier.uuid for carrier in carriers)]
        told = [one for place in places for one in self._of_stream[place] if one.key == key]
        return fold(told, self.things[key.object])

    def fetch(self, anchors: Collection[State], behind: Iterable[Iterable[Key]]) -> None:
        """Read what ``step`` and ``refold`` are going to need, all at once."""
        positions = {state.snapshot[1] for state in anchors if state.snapshot is not None}
        for line in self._log.at_positions(positions - self._at.keys()):
            self._at[line.position] = self._read(line)
        catalog = {key.uuid for keys in behind for key in keys} - self._of_stream.keys()
        for place in catalog:
            events = self._log.streams([place], upto=self.last)
            self._of_stream[place] = [one for event in events for one in self._read(event)]


def alike(kinds: Iterable[Kind]) -> list[list[Kind]]:
    """Kinds that declare their objects alike, and so can share a batch; mostly all of them."""
    groups: list[list[Kind]] = []
    for kind in kinds:
        for group in groups:
            known = {name: thing for one in group for name, thing in one.objects.items()}
            if all(known.get(name, thing) is thing for name, thing in kind.objects.items()):
                group.append(kind)
                break
        else:
            groups.append([kind])
    return groups
