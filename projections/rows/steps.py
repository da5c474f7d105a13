"""A change position by position: the rows before and after each event of a batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from projections.objects.declaration import StripeObject
from projections.objects.observation import Key, Observation
from projections.objects.state import State, fold
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

    def add(self, observation: Observation) -> None:
        """Read one more observation; costs one step where it is newer than all before it."""
        self.pending.append(observation)
        state = self.state
        if self.history is not None:
            past = [each for each in self.history if each.position <= observation.position]
            self.state = fold(past, self.declared)
        elif state is not None and observation.created > state.second:
            self.state = fold([observation], self.declared, base=state)
        else:
            self.state = fold(self.pending, self.declared, base=self.base, anchor=self.anchor)


@dataclass(frozen=True, slots=True)
class Step:
    """The rows of one component before and after the event at a position.

    ``component`` is its index among the components of the change.
    """

    position: int
    component: int
    before: list[ProjectedRow]
    after: list[ProjectedRow]


def steps(touched: Touched, earlier: Earlier) -> Iterator[Step]:
    """The steps of ``merge(touched, earlier)``, component by component in order of position.

    ``earlier`` has to hold what ``touched.needs(all_anchors=True)`` asks for. Objects that the
    batch links late are in one component from the start: the rows tell them apart.
    """
    starts: list[tuple[list[Key], dict[Key, State]]] = [
        *((group.observed, {}) for group in touched.new),
        *((joined.observed, dict(joined.states)) for joined in touched.joined),
    ]
    for component, (observed, states) in enumerate(starts):
        yield from _steps(touched, earlier, component, observed, states)


def _steps(
    touched: Touched,
    earlier: Earlier,
    component: int,
    observed: list[Key],
    states: dict[Key, State],
) -> Iterator[Step]:
    batch, kind = touched.batch.batch, touched.batch.kind
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
            states[key] = state.trimmed(kind.referenced_reads.get(key.object))
        before, rows = rows, make_rows(kind, list(states.values()))
        yield Step(position, component, before, rows)
