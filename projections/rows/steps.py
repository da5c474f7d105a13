"""A change position by position: the rows before and after each event of a batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from projections.objects.declaration import StripeObject
from projections.objects.observation import Key, Observation
from projections.objects.state import State, fold
from projections.rows.kind import Kind
from projections.rows.make import ProjectedRow, make_rows
from projections.rows.merge import Earlier, Touched

__all__ = ["ObjectFold", "Step", "steps"]


@dataclass(eq=False)
class ObjectFold:
    """The state of one object while its observations come in, in any order.

    ``base`` and ``anchor`` as in ``fold``; ``history`` replaces them where an observation may be
    no newer than the base: all observations of the object, up to the batch's end.
    """

    declared: StripeObject
    base: State | None = None
    anchor: Observation | None = None
    history: list[Observation] | None = None
    state: State | None = None
    pending: list[Observation] = field(default_factory=list)
    _second: _Second | None = None

    def add(self, observation: Observation) -> None:
        """Read one more observation; costs no more than those of its second if none is newer."""
        self.pending.append(observation)
        state, second = self.state, self._second
        if self.history is not None:
            past = [each for each in self.history if each.position <= observation.position]
            self.state = fold(past, self.declared)
        elif state is not None and observation.created > state.second:
            self._second = _Second(state, self._newest(state), [observation])
            self.state = self._second.fold(self.declared)
        elif state is not None and second is not None and observation.created == state.second:
            second.observations.append(observation)
            self.state = second.fold(self.declared)
        else:
            self._second = None
            self.state = fold(self.pending, self.declared, base=self.base, anchor=self.anchor)

    def _newest(self, state: State) -> Observation | None:
        """The observation that is the state's newest snapshot."""
        known = self._second.anchor if self._second is not None else self.anchor
        if state.snapshot is None or (known is not None and known.event_id == state.snapshot[2]):
            return known
        # The last one is excluded: it is not part of the state yet.
        before = (each for each in reversed(self.pending[:-1]) if not each.error)
        return next((each for each in before if each.event_id == state.snapshot[2]), self.anchor)


@dataclass(slots=True)
class _Second:
    """The newest second of an object: the state before it, and its observations."""

    base: State
    anchor: Observation | None
    observations: list[Observation]

    def fold(self, declared: StripeObject) -> State:
        """The state with the second."""
        return fold(self.observations, declared, base=self.base, anchor=self.anchor)


@dataclass(frozen=True, slots=True)
class Step:
    """The rows of one component before and after the event at a position.

    ``component`` is its index among the components of the change.
    """

    position: int
    component: int
    before: list[ProjectedRow]
    after: list[ProjectedRow]


def steps(kind: Kind, touched: Touched, earlier: Earlier) -> Iterator[Step]:
    """The steps of ``merge(touched, earlier)`` in a kind's rows: by component, then position.

    ``earlier`` has to hold what ``touched.needs(all_anchors=True)`` asks for. Objects that the
    batch links late are in one component from the start: the rows tell them apart.
    """
    starts: list[tuple[list[Key], dict[Key, State]]] = [
        *((group.observed, {}) for group in touched.new),
        *((joined.observed, dict(joined.states)) for joined in touched.joined),
    ]
    for component, (observed, states) in enumerate(starts):
        yield from _steps(kind, touched, earlier, component, observed, states)


def _steps(
    kind: Kind,
    touched: Touched,
    earlier: Earlier,
    component: int,
    observed: list[Key],
    states: dict[Key, State],
) -> Iterator[Step]:
    batch, reading = touched.batch.batch, touched.batch.reading
    folds = {
        key: ObjectFold(
            batch.objects[key.object],
            states.get(key),
            earlier.anchors.get(key),
            earlier.histories.get(key),
            states.get(key),
        )
        for key in observed
    }
    by_position: dict[int, list[Observation]] = {}
    for key in observed:
        for observation in batch.observations[key]:
            by_position.setdefault(observation.position, []).append(observation)
    rows = make_rows(kind, list(states.values()))
    for position in sorted(by_position):
        for observation in by_position[position]:
            key = observation.key
            folds[key].add(observation)
            state = folds[key].state
            assert state is not None
            states[key] = state.trimmed(reading.referenced_reads.get(key.object))
        before, rows = rows, make_rows(kind, list(states.values()))
        yield Step(position, component, before, rows)
