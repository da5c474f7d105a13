"""The canonical order of an object's observations: a function of their set, never of arrival."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise, permutations
from operator import attrgetter
from typing import Any

from projections.objects.attributes import is_scalar
from projections.objects.declaration import StripeObject
from projections.objects.observation import Attributes, Observation

__all__ = ["canonical_order", "finality", "needs_anchor"]

_created = attrgetter("created")

# All orders of so many events are tried; of more, the next best event is taken each time.
_EXHAUSTIVE_MAX = 6


def canonical_order(
    observations: Sequence[Observation], declared: StripeObject, anchor: Observation | None = None
) -> list[Observation]:
    """One object's observations in the order in which their snapshots were true.

    By second; within one second by progress, which only grows, then by how well each event's
    before-image fits the snapshot before it, then by rank of type and status, then by id.
    ``anchor`` is the newest snapshot of the seconds before, where ``observations`` lack it.
    """
    if len(observations) == 1:
        return list(observations)
    by_second = sorted(observations, key=_created)
    if len({observation.created for observation in by_second}) == len(by_second):
        return by_second
    ordered: list[Observation] = []
    for _, group in groupby(by_second, key=_created):
        unreadable, readable = _partition(list(group))
        ordered += unreadable
        if not readable:
            continue
        second = _within_second(readable, declared, anchor)
        ordered += second
        last = second[-1]
        if anchor is None or finality(last, declared) >= finality(anchor, declared):
            anchor = last
    return ordered


def finality(observation: Observation, declared: StripeObject) -> int:
    """How final a snapshot is: 0 open, 1 terminal, 2 settled. Nothing less final follows it."""
    if observation.values.get("status") not in declared.terminal:
        return 0
    is_settled = declared.is_settled
    return 2 if is_settled is not None and is_settled(observation.values) else 1


def needs_anchor(observations: Sequence[Observation], declared: StripeObject) -> bool:
    """Whether the order within some second depends on the snapshot before it."""
    if len(observations) == 1:
        return False
    for _, group in groupby(sorted(observations, key=_created), key=_created):
        _, readable = _partition(list(group))
        if readable and len(_direct(_furthest(readable, declared))) > 1:
            return True
    return False


def _partition(group: list[Observation]) -> tuple[list[Observation], list[Observation]]:
    """The unreadable observations of a second, and the readable ones."""
    if len(group) == 1:
        return (group, []) if group[0].error else ([], group)
    unreadable = [observation for observation in group if observation.error]
    readable = [observation for observation in group if not observation.error]
    return sorted(unreadable, key=lambda observation: observation.event_id), readable


def _within_second(
    group: list[Observation], declared: StripeObject, anchor: Observation | None
) -> list[Observation]:
    if len(group) == 1:
        return group

    def rank(observation: Observation) -> tuple[Any, ...]:
        return _rank(observation, declared)

    if len(group) == 2:
        # As below, for the most frequent case by far.
        first, second = _progress(group[0], declared), _progress(group[1], declared)
        if first != second:
            return group if first < second else group[::-1]
    furthest = _furthest(group, declared)
    direct = sorted(_direct(furthest), key=rank)
    # An embedded snapshot was taken for another object's sake: it has the lowest rank.
    embedded = sorted((each for each in furthest if each.embedded), key=rank)
    behind = sorted((each for each in group if not _is_in(each, furthest)), key=rank)
    return [*behind, *embedded, *_best_fit(direct, anchor)]


def _furthest(group: list[Observation], declared: StripeObject) -> list[Observation]:
    """The observations with the greatest progress."""
    if len(group) == 1:
        return group
    progress = [_progress(observation, declared) for observation in group]
    greatest = max(progress)
    return [each for each, its in zip(group, progress, strict=True) if its == greatest]


def _direct(group: list[Observation]) -> list[Observation]:
    return [observation for observation in group if not observation.embedded]


def _is_in(observation: Observation, group: list[Observation]) -> bool:
    return any(observation is member for member in group)


def _progress(observation: Observation, declared: StripeObject) -> tuple[int, ...]:
    return (finality(observation, declared), *observation.progress)


def _rank(observation: Observation, declared: StripeObject) -> tuple[Any, ...]:
    return (
        declared.type_ranks.get(observation.type_word, -1),
        declared.status_ranks.get(str(observation.values.get("status")), -1),
        *observation.tie_breakers,
        observation.event_id,
    )


def _best_fit(ranked: list[Observation], anchor: Observation | None) -> list[Observation]:
    """The order whose before-images disagree least; of equal ones the first by rank."""
    if len(ranked) < 2:
        return ranked
    if anchor is None and len(ranked) == 2 and not any(map(_has_before_image, ranked)):
        # Where neither says how the object was before, both orders disagree alike.
        return ranked
    start: Attributes = anchor.after if anchor is not None else {}
    afters = [start, *(observation.after for observation in ranked[:-1])]
    befores = [observation.before for observation in ranked]
    if not any(map(_disagreement, afters, befores)):
        # Nothing can fit better: true of most.
        return ranked
    first = [_disagreement(start, before) for before in befores]
    # Each pair is compared once, however many orders are tried.
    cost = [
        [0 if earlier is later else _disagreement(earlier.after, later.before) for later in ranked]
        for earlier in ranked
    ]
    if len(ranked) <= _EXHAUSTIVE_MAX:
        best = min(
            permutations(range(len(ranked))),
            key=lambda order: first[order[0]] + sum(cost[i][j] for i, j in pairwise(order)),
        )
    else:
        best = _greedy(first, cost)
    return [ranked[index] for index in best]


def _has_before_image(observation: Observation) -> bool:
    """Whether an event may say how its object was; a key may be written with escapes."""
    return b'"previous_attributes"' in observation.body or b"\\u" in observation.body


def _greedy(first: list[int], cost: list[list[int]]) -> tuple[int, ...]:
    left = list(range(len(first)))
    order = [min(left, key=lambda index: first[index])]
    left.remove(order[0])
    while left:
        order.append(min(left, key=lambda index: cost[order[-1]][index]))
        left.remove(order[-1])
    return tuple(order)


def _disagreement(snapshot: Attributes, before: Attributes) -> int:
    """In how many scalars a snapshot differs from the before-image of the next event."""
    if snapshot == before:
        return 0
    # A key that only one of them has belongs to another API version: it is no disagreement.
    differ = [name for name, value in snapshot.items() if name in before and before[name] != value]
    return sum(is_scalar(snapshot[name]) and is_scalar(before[name]) for name in differ)
