"""The order of one second's events in which each before-image fits the snapshot before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise, permutations

from projections.objects.attributes import is_scalar
from projections.objects.disagreement import nested_disagreement, scalar_disagreement
from projections.objects.observation import Observation

__all__ = ["best_fit"]

# All orders of so many events are tried; of more, the next best event is taken each time.
_EXHAUSTIVE_MAX = 6

Order = tuple[int, ...]
Distance = Callable[[Observation | None, Observation], int]


def best_fit(ranked: list[Observation], anchor: Observation | None) -> list[Observation]:
    """The order whose before-images disagree least; of equal ones the first by rank.

    ``anchor`` is the snapshot before the second. Top-level scalars count first. Nested values
    break their ties where an event says how one was before.
    """
    if len(ranked) < 2:
        return ranked
    if anchor is None and len(ranked) == 2 and not any(map(_has_before_image, ranked)):
        # Where neither says how the object was before, both orders disagree alike.
        return ranked
    is_nested = any(map(_changes_nested, ranked))
    if not is_nested and not any(map(_scalars, [anchor, *ranked[:-1]], ranked)):
        # Nothing can fit better: true of most.
        return ranked
    choose = _greedy if len(ranked) > _EXHAUSTIVE_MAX else _exhaustive
    return [ranked[index] for index in choose(ranked, anchor, is_nested)]


class _Costs:
    """The disagreement of each pair of events; compared once, however many orders are tried."""

    def __init__(
        self, ranked: Sequence[Observation], anchor: Observation | None, distance: Distance
    ) -> None:
        self.first = [distance(anchor, later) for later in ranked]
        self.next = [
            [0 if earlier is later else distance(earlier, later) for later in ranked]
            for earlier in ranked
        ]

    def of(self, order: Order) -> int:
        """The disagreement of a whole order."""
        return self.first[order[0]] + sum(self.next[i][j] for i, j in pairwise(order))


def _exhaustive(
    ranked: Sequence[Observation], anchor: Observation | None, is_nested: bool
) -> Order:
    costs = _Costs(ranked, anchor, _scalars)
    totals = {order: costs.of(order) for order in permutations(range(len(ranked)))}
    least = min(totals.values())
    best = [order for order, total in totals.items() if total == least]
    if is_nested and len(best) > 1:
        # Bodies are decoded as a whole only where their scalars leave a tie.
        return min(best, key=_Costs(ranked, anchor, _nested).of)
    return best[0]


def _greedy(ranked: Sequence[Observation], anchor: Observation | None, is_nested: bool) -> Order:
    distances = (_scalars, _nested) if is_nested else (_scalars,)
    costs = [_Costs(ranked, anchor, distance) for distance in distances]
    left = list(range(len(ranked)))
    order = [min(left, key=lambda index: [cost.first[index] for cost in costs])]
    left.remove(order[0])
    while left:
        last = order[-1]
        order.append(min(left, key=lambda index: [cost.next[last][index] for cost in costs]))
        left.remove(order[-1])
    return tuple(order)


def _has_before_image(observation: Observation) -> bool:
    """Whether an event may say how its object was; a key may be written with escapes."""
    return b'"previous_attributes"' in observation.body or b"\\u" in observation.body


def _changes_nested(observation: Observation) -> bool:
    """Whether an event says how a nested value was before it."""
    if not _has_before_image(observation):
        return False
    after, previous = observation.after, observation.previous
    return any(not is_scalar(after.get(key)) or not is_scalar(previous[key]) for key in previous)


def _scalars(earlier: Observation | None, later: Observation) -> int:
    if earlier is None:
        return 0
    same = earlier.api_version == later.api_version
    return scalar_disagreement(earlier.after, later.before, same_version=same)


def _nested(earlier: Observation | None, later: Observation) -> int:
    if earlier is None:
        return 0
    same = earlier.api_version == later.api_version
    return nested_disagreement(earlier.snapshot, later.whole_before, same_version=same)
