"""The history of one row: its own events in canonical order, and the rises along it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from projections.errors import Unreadable
from projections.objects.history import ObjectHistory
from projections.objects.observation import Key, Observation
from projections.objects.state import State
from projections.rows.aggregate import Aggregate
from projections.rows.condition import Condition

__all__ = ["Base", "Rise", "RowHistory", "values_of"]

Values = tuple[int, ...]
_is_embedded = attrgetter("embedded")
_UNREADABLE = (Unreadable, ArithmeticError, LookupError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True, slots=True)
class Base:
    """A row before the events that are looked at: its newest second, and how often each of its
    conditions had risen."""

    second: int
    counts: Values


@dataclass(frozen=True, slots=True)
class Rise:
    """A condition that rises, by its index, at an event; ``is_first``: the row's first one."""

    condition: int
    cause: Observation
    is_first: bool


@dataclass(slots=True)
class _Second:
    values: Values
    rises: list[Rise]


class RowHistory:
    """Counts the rises of a row's conditions along its own events.

    ``members`` are its objects, by rank and id. With a ``base``, whose states are the members'
    bases, only what is newer is looked at.
    """

    def __init__(
        self,
        conditions: Sequence[Condition],
        members: Mapping[Key, ObjectHistory],
        aggregate: Aggregate,
        base: Base | None,
    ) -> None:
        self.members = members
        self.base = base
        self._conditions = conditions
        self._aggregate = aggregate
        none = (0,) * len(conditions)
        self.counts = list(base.counts if base is not None else none)
        self._start = none
        if base is not None:
            self._start = self._values(
                [each.base for each in members.values() if each.base is not None], none
            )
        self._seconds: list[int] = []
        self._results: dict[int, _Second] = {}
        for second in sorted({second for each in members.values() for second in each.seconds}):
            self._read(second)

    @property
    def newest_second(self) -> int:
        """The second of its newest event."""
        if self._seconds:
            return self._seconds[-1]
        return self.base.second if self.base is not None else -1

    @property
    def values(self) -> Values:
        """What its conditions are after all of its events."""
        return self._results[self._seconds[-1]].values if self._seconds else self._start

    def update(self, first: int, until: int | None) -> None:
        """Look again at the seconds from one on, as long as they are before another or differ."""
        changed = self._read(first)
        for second in self._seconds[bisect_right(self._seconds, first) :]:
            if not changed and until is not None and second >= until:
                return
            changed = self._read(second)

    def rise(self, condition: int, ordinal: int) -> Rise:
        """The rise of a condition that is its ``ordinal``-th."""
        # Mostly it is the last: from that end, histories of any length take no longer.
        left = self.counts[condition] - ordinal
        for second in reversed(self._seconds):
            for rise in reversed(self._results[second].rises):
                if rise.condition == condition:
                    if left == 0:
                        return rise
                    left -= 1
        raise AssertionError("a rise that was counted")

    def place(self, rise: Rise) -> tuple[int, int]:
        """Where in the row's history a rise is."""
        second = rise.cause.created
        return second, self._results[second].rises.index(rise)

    def _read(self, second: int) -> bool:
        """Walk through the events of a second; whether what follows it may rise otherwise."""
        index = bisect_right(self._seconds, second)
        known = self._results.get(second)
        if known is None:
            self._seconds.insert(index, second)
            before_index = index - 1
        else:
            before_index = index - 2
            for rise in known.rises:
                self.counts[rise.condition] -= 1
        is_first = before_index < 0 and self.base is None
        values = self._results[self._seconds[before_index]].values if before_index >= 0 else (
            self._start
        )  # fmt: skip
        rises: list[Rise] = []
        for observations, states in self._steps(second):
            after = self._values(states, values)
            for condition, (old, new) in enumerate(zip(values, after, strict=True)):
                if new > old:
                    rises.append(Rise(condition, observations[0], is_first))
                    self.counts[condition] += 1
            values, is_first = after, False
        self._results[second] = _Second(values, rises)
        return known is None or known.values != values

    def _steps(self, second: int) -> Iterator[tuple[list[Observation], list[State]]]:
        """The events of a second in canonical order: what each observed, and all states then."""
        states = {key: each.before(second) for key, each in self.members.items()}
        counts = dict.fromkeys(self.members, 0)
        event_ids = set[str]()
        for observations in self._events(second):
            event_ids.add(observations[0].event_id)
            for observation in observations:
                counts[observation.key] += 1
            for observation in observations:
                key = observation.key
                states[key] = self.members[key].within(second, event_ids, count=counts[key])
            yield observations, [state for state in states.values() if state is not None]

    def _events(self, second: int) -> list[list[Observation]]:
        """The observations of a second by event, in canonical order.

        An event's own object places it; where that is no member, the first inside.
        """
        by_event: dict[str, list[Observation]] = {}
        for each in self.members.values():
            for observation in each.at(second):
                by_event.setdefault(observation.event_id, []).append(observation)
        if len(by_event) == 1:
            return list(by_event.values())
        placed_by = {
            event_id: min(observations, key=_is_embedded)
            for event_id, observations in by_event.items()
        }
        return [
            by_event[observation.event_id]
            for each in self.members.values()
            for observation in each.at(second)
            if placed_by[observation.event_id] is observation
        ]

    def _values(self, states: list[State], before: Values) -> Values:
        return values_of(self._conditions, self._aggregate.of(states), before)


def values_of(conditions: Sequence[Condition], aggregate: Aggregate, before: Values) -> Values:
    """What conditions are of a row; where its events make no sense, what they were before."""
    if not aggregate.is_known:
        return (0,) * len(conditions)
    return tuple(
        _value(condition.holds, aggregate, old)
        for condition, old in zip(conditions, before, strict=True)
    )


def _value(holds: Callable[[Aggregate], bool | int], aggregate: Aggregate, before: int) -> int:
    try:
        return int(holds(aggregate))
    except _UNREADABLE:
        return before
