"""The canonical order: what happened first, decided by the set of events and never by arrival."""

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

# All orders of so many events are tried; beyond, the next best one is taken each time.
_EXHAUSTIVE_MAX = 6


def canonical_order(
    observations: Sequence[Observation], thing: StripeObject, anchor: Observation | None = None
) -> list[Observation]:
    """One object's observations in the order in which their snapshots were true.

    By second; within one, by evidence that only grows, then by how well each event's
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
        unread, readable = _parted(list(group))
        ordered += unread
        if not readable:
            continue
        second = _within_second(readable, thing, anchor)
        ordered += second
        last = second[-1]
        if anchor is None or finality(last, thing) >= finality(anchor, thing):
            anchor = last
    return ordered


def finality(observation: Observation, thing: StripeObject) -> int:
    """How final the snapshot is: nothing less final follows it, whatever its second."""
    if observation.values.get("status") not in thing.terminal:
        return 0
    return 2 if thing.is_settled is not None and thing.is_settled(observation.values) else 1


def needs_anchor(observations: Sequence[Observation], thing: StripeObject) -> bool:
    """Whether the order within some second hangs on the snapshot before it."""
    if len(observations) == 1:
        return False
    for _, group in groupby(sorted(observations, key=_created), key=_created):
        _, readable = _parted(list(group))
        if readable and len(_direct(_surviving(readable, thing))) > 1:
            return True
    return False


def _parted(group: list[Observation]) -> tuple[list[Observation], list[Observation]]:
    if len(group) == 1:
        return (group, []) if group[0].error else ([], group)
    unread = [observation for observation in group if observation.error]
    readable = [observation for observation in group if not observation.error]
    return sorted(unread, key=lambda observation: observation.event_id), readable


def _within_second(
    group: list[Observation], thing: StripeObject, anchor: Observation | None
) -> list[Observation]:
    if len(group) == 1:
        return group

    def rank(observation: Observation) -> tuple[Any, ...]:
        return _rank(observation, thing)

    if len(group) == 2:
        # As below, for what is by far the most frequent.
        one, other = group
        evidence, rival = _evidence(one, thing), _evidence(other, thing)
        if evidence != rival:
            return group if evidence < rival else group[::-1]
    surviving = _surviving(group, thing)
    direct = sorted(_direct(surviving), key=rank)
    # An embedded snapshot was taken for another object's sake: it has the lowest rank.
    embedded = sorted((s for s in surviving if s.embedded), key=rank)
    filtered = sorted((s for s in group if not _is_in(s, surviving)), key=rank)
    return [*filtered, *embedded, *_best_fit(direct, anchor)]


def _surviving(group: list[Observation], thing: StripeObject) -> list[Observation]:
    if len(group) == 1:
        return group
    evidence = [_evidence(observation, thing) for observation in group]
    most = max(evidence)
    return [observation for observation, has in zip(group, evidence, strict=True) if has == most]


def _direct(group: list[Observation]) -> list[Observation]:
    return [observation for observation in group if not observation.embedded]


def _is_in(observation: Observation, group: list[Observation]) -> bool:
    return any(observation is other for other in group)


def _evidence(observation: Observation, thing: StripeObject) -> tuple[int, ...]:
    return (finality(observation, thing), *observation.evidence)


def _rank(observation: Observation, thing: StripeObject) -> tuple[Any, ...]:
    return (
        thing.type_ranks.get(observation.carrier, -1),
        thing.status_ranks.get(str(observation.values.get("status")), -1),
        *observation.ranks,
        observation.event_id,
    )


def _best_fit(ranked: list[Observation], anchor: Observation | None) -> list[Observation]:
    """The order whose before-images disagree least; of equal ones the first by rank."""
    if len(ranked) < 2:
        return ranked
    if anchor is None and len(ranked) == 2 and not any(map(_tells_before, ranked)):
        # Where neither tells how it was before, both ways disagree alike.
        return ranked
    start: Attributes = anchor.after if anchor is not None else {}
    afters = [start, *(one.after for one in ranked[:-1])]
    befores = [one.before for one in ranked]
    if not any(map(_disagreement, afters, befores)):
        # Nothing can fit better; and so it mostly is.
        return ranked
    first = [_disagreement(start, before) for before in befores]
    # Each pair is compared once, however many orders are tried.
    cost = [
        [0 if one is other else _disagreement(one.after, other.before) for other in ranked]
        for one in ranked
    ]
    if len(ranked) <= _EXHAUSTIVE_MAX:
        best = min(
            permutations(range(len(ranked))),
            key=lambda order: first[order[0]] + sum(cost[i][j] for i, j in pairwise(order)),
        )
    else:
        best = _greedy(first, cost)
    return [ranked[index] for index in best]


def _tells_before(observation: Observation) -> bool:
    """Whether an event may tell how its object was; a key may be written with escapes."""
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
    if snapshot == before:
        return 0
    # A key that one of them lacks belongs to another API version: it is no disagreement.
    differ = [name for name, value in snapshot.items() if name in before and before[name] != value]
    return sum(is_scalar(snapshot[name]) and is_scalar(before[name]) for name in differ)
