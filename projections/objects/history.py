"""The history of one object: its state after each second in which events observed it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Container, Sequence

from projections.objects.declaration import StripeObject
from projections.objects.observation import Observation
from projections.objects.ordering import canonical_order, needs_anchor
from projections.objects.state import State, fold, fold_in_order

__all__ = ["LoadAnchor", "ObjectHistory"]

# Reads the observation that is a state's newest snapshot.
LoadAnchor = Callable[[State], Observation]


class ObjectHistory:
    """The observations of one object after a base, by second, in whatever order they are added.

    ``base`` is the state before them, None where they are all that there are: then any observation
    may be added, else only newer ones. An observation that changes no later state costs no more
    than its second, however many follow.
    """

    def __init__(self, declared: StripeObject, base: State | None, load_anchor: LoadAnchor) -> None:
        self.declared = declared
        self.base = base
        self.seconds: list[int] = []
        # In canonical order, and the state after each second.
        self._observations: dict[int, list[Observation]] = {}
        self._states: dict[int, State] = {}
        self._by_event: dict[str, Observation] = {}
        self._load_anchor = load_anchor
        # Whether counts and first times are right in every state, not only what rises depend on.
        self._is_exact = True

    @property
    def base_second(self) -> int:
        """The newest second of the base; -1 without one."""
        return self.base.second if self.base is not None else -1

    def at(self, second: int) -> Sequence[Observation]:
        """The observations of a second, in canonical order."""
        return self._observations.get(second, ())

    def before(self, second: int) -> State | None:
        """The state before a second; None where there was none."""
        index = bisect_left(self.seconds, second)
        return self._states[self.seconds[index - 1]] if index else self.base

    def within(self, second: int, event_ids: Container[str], *, count: int) -> State | None:
        """The state when of a second only some events are known, ``count`` of its observations."""
        observations = self._observations[second]
        if count == len(observations):
            return self._states[second]
        known = [each for each in observations if each.event_id in event_ids]
        before = self.before(second)
        return fold_in_order(known, self.declared, before) if known else before

    def anchor(self, second: int) -> Observation | None:
        """The newest snapshot before a second."""
        before = self.before(second)
        if before is None or before.snapshot is None:
            return None
        return self._by_event.get(before.snapshot[2]) or self._load_anchor(before)

    def add(self, observation: Observation) -> int | None:
        """Add an observation; returns the second from which on states are as they were.

        None: no state after it is.
        """
        second = observation.created
        assert second > self.base_second, "a late observation needs the whole history"
        if second not in self._observations:
            insort(self.seconds, second)
        self._observations.setdefault(second, []).append(observation)
        if not observation.error:
            self._by_event[observation.event_id] = observation
        for index in range(bisect_left(self.seconds, second), len(self.seconds)):
            each = self.seconds[index]
            old = self._states.get(each)
            state = self._states[each] = self._folded(each)
            if old is not None and index < len(self.seconds) - 1 and _rise_alike(old, state):
                self._is_exact = False
                return self.seconds[index + 1]
        return None

    def _folded(self, second: int) -> State:
        """Order a second anew; the state after it."""
        observations = self._observations[second]
        if len(observations) > 1:
            anchor = None
            if needs_anchor(observations, self.declared):
                anchor = self.anchor(second)
            observations = canonical_order(observations, self.declared, anchor)
            self._observations[second] = observations
        return fold_in_order(observations, self.declared, self.before(second))

    def state(self) -> State | None:
        """The state after all observations."""
        if not self.seconds:
            return self.base
        if self._is_exact:
            return self._states[self.seconds[-1]]
        observations = [each for second in self.seconds for each in self._observations[second]]
        anchor = self.anchor(self.seconds[0])
        return fold(observations, self.declared, base=self.base, anchor=anchor)

    def newest(self) -> State | None:
        """The same as far as conditions and links go, at no cost."""
        return self._states[self.seconds[-1]] if self.seconds else self.base


def _rise_alike(left: State, right: State) -> bool:
    """Whether two states are the same to conditions and to what follows.

    Of first times it counts that they are known, and no event is counted.
    """
    return (
        left.snapshot == right.snapshot
        and left.values == right.values
        and left.links == right.links
        and left.first_seen.keys() == right.first_seen.keys()
        and left.finality == right.finality
        and left.merged == right.merged
        and left.first_known == right.first_known
    )
