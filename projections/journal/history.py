"""The history of an object, observation by observation, as far as it is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from projections.journal.objects import OBJECTS
from projections.objects.history import ObjectHistory
from projections.objects.observation import Key, Observation
from projections.objects.state import State, fold_in_order

__all__ = ["MoneyHistory", "Step"]


class Step(NamedTuple):
    """An observation in its place of the canonical order, and the state after it."""

    observation: Observation
    state: State

    @property
    def second(self) -> int:
        """The second that the observation names."""
        return self.observation.created


class MoneyHistory:
    """The steps of one object; observations are added in whatever order they come."""

    def __init__(self, key: Key) -> None:
        self.declared = OBJECTS[key.object]
        self._history = ObjectHistory(self.declared, None, _no_anchor)
        self._steps: list[Step] = []

    @property
    def steps(self) -> Sequence[Step]:
        """All steps, in canonical order."""
        return self._steps

    def add(self, observation: Observation) -> int:
        """Add an observation; the number of steps before it that are as they were."""
        history, second = self._history, observation.created
        until = history.add(observation)
        same = sum(1 for step in self._steps if step.second < second)
        after = [] if until is None else [s for s in self._steps if s.second >= until]
        steps = self._steps[:same]
        for each in history.seconds:
            if each >= second and (until is None or each < until):
                steps += self._within(each)
        self._steps = [*steps, *after]
        return same

    def _within(self, second: int) -> list[Step]:
        state, steps = self._history.before(second), []
        for observation in self._history.at(second):
            state = fold_in_order([observation], self.declared, state)
            steps.append(Step(observation, state))
        return steps


def _no_anchor(state: State) -> Observation:
    raise AssertionError(f"the history of {state.id} has no base")
