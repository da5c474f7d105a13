"""The history of an object, observation by observation, as far as it is known."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from projections.journal.objects import OBJECTS
from projections.objects.history import ObjectHistory
from projections.objects.observation import Key, Observation
from projections.objects.state import State, fold_in_order

__all__ = ["Inserted", "MoneyHistory", "Step"]


class Step(NamedTuple):
    """An observation in its place of the canonical order, and the state after it."""

    observation: Observation
    state: State

    @property
    def second(self) -> int:
        """The second that the observation names."""
        return self.observation.created


class Inserted(NamedTuple):
    """Which steps an observation replaced by which: those from ``start`` on, before ``stop``.

    ``old`` are the steps that stood there.
    """

    start: int
    stop: int
    old: Sequence[Step]


class MoneyHistory:
    """The steps of one object; observations are added in whatever order they come.

    One that changes no later state costs no more than its second, however many follow.
    """

    def __init__(self, key: Key) -> None:
        self.declared = OBJECTS[key.object]
        self._history = ObjectHistory(self.declared, None, _no_anchor)
        self._steps: list[Step] = []
        # Of each step.
        self._seconds: list[int] = []

    @property
    def steps(self) -> Sequence[Step]:
        """All steps, in canonical order."""
        return self._steps

    def add(self, observation: Observation) -> Inserted:
        """Add an observation; all steps but those around it are as they were."""
        history, second = self._history, observation.created
        until = history.add(observation)
        start = bisect_left(self._seconds, second)
        stop = len(self._seconds) if until is None else bisect_left(self._seconds, until)
        seconds = history.seconds
        first = bisect_left(seconds, second)
        last = len(seconds) if until is None else bisect_left(seconds, until)
        steps = [step for each in seconds[first:last] for step in self._within(each)]
        old = self._steps[start:stop]
        self._steps[start:stop] = steps
        self._seconds[start:stop] = [step.second for step in steps]
        return Inserted(start, start + len(steps), old)

    def _within(self, second: int) -> list[Step]:
        state, steps = self._history.before(second), []
        for observation in self._history.at(second):
            state = fold_in_order([observation], self.declared, state)
            steps.append(Step(observation, state))
        return steps


def _no_anchor(state: State) -> Observation:
    raise AssertionError(f"the history of {state.id} has no base")
