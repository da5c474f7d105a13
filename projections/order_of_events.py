"""The canonical order: what happened first, decided by the set of events and never by arrival."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise, permutations
from operator import attrgetter
from typing import Any

from projections.declare import StripeObject
from projections.scalars import is_scalar
from projections.sighting import Scalars, Sighting

__all__ = ["absorption", "canonical_order", "needs_anchor"]

_created = attrgetter("created")

# All orders of so many events are tried; beyond, the next best one is taken each time.
_EXHAUSTIVE_MAX = 6


def canonical_order(
    sightings: Sequence[Sighting], thing: StripeObject, anchor: Sighting | None = None
) -> list[Sighting]:
    """One object's sightings in the order in which their snapshots were true.

    By second; within one, by evidence that only grows, then by how well each event's
    before-image fits the snapshot before it, then by rank of type and status, then by id.
    ``anchor`` is the newest snapshot of the seconds before, where those are not in ``sightings``.
    """
    if len(sightings) == 1:
        return list(sightings)
    by_second = sorted(sightings, key=_created)
    if len({sighting.created for sighting in by_second}) == len(by_second):
        return by_second
    ordered: list[Sighting] = []
    for _, group in groupby(by_second, key=_created):
        unread, readable = _parted(list(group))
        ordered += unread
        if not readable:
            continue
        second = _within_second(readable, thing, anchor)
        ordered += second
        last = second[-1]
        if anchor is None or absorption(last, thing) >= absorption(anchor, thing):
            anchor = last
    return ordered


def absorption(sighting: Sighting, thing: StripeObject) -> int:
    """How final the snapshot is: nothing less final follows it, whatever its second."""
    if sighting.values.get("status") not in thing.absorbing:
        return 0
    return 2 if thing.settles is not None and thing.settles(sighting.values) else 1


def needs_anchor(sightings: Sequence[Sighting], thing: StripeObject) -> bool:
    """Whether the order within some second hangs on the snapshot before it."""
    if len(sightings) == 1:
        return False
    for _, group in groupby(sorted(sightings, key=_created), key=_created):
        _, readable = _parted(list(group))
        if readable and len(_direct(_surviving(readable, thing))) > 1:
            return True
    return False


def _parted(group: list[Sighting]) -> tuple[list[Sighting], list[Sighting]]:
    if len(group) == 1:
        return (group, []) if group[0].error else ([], group)
    unread = [sighting for sighting in group if sighting.error]
    readable = [sighting for sighting in group if not sighting.error]
    return sorted(unread, key=lambda sighting: sighting.event_id), readable


def _within_second(
    group: list[Sighting], thing: StripeObject, anchor: Sighting | None
) -> list[Sighting]:
    if len(group) == 1:
        return group

    def rank(sighting: Sighting) -> tuple[Any, ...]:
        return _rank(sighting, thing)

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


def _surviving(group: list[Sighting], thing: StripeObject) -> list[Sighting]:
    if len(group) == 1:
        return group
    evidence = [_evidence(sighting, thing) for sighting in group]
    most = max(evidence)
    return [sighting for sighting, has in zip(group, evidence, strict=True) if has == most]


def _direct(group: list[Sighting]) -> list[Sighting]:
    return [sighting for sighting in group if not sighting.embedded]


def _is_in(sighting: Sighting, group: list[Sighting]) -> bool:
    return any(sighting is other for other in group)


def _evidence(sighting: Sighting, thing: StripeObject) -> tuple[int, ...]:
    return (absorption(sighting, thing), *sighting.evidence)


def _rank(sighting: Sighting, thing: StripeObject) -> tuple[Any, ...]:
    return (
        thing.type_ranks.get(sighting.carrier, -1),
        thing.status_ranks.get(str(sighting.values.get("status")), -1),
        *sighting.ranks,
        sighting.event_id,
    )


def _best_fit(ranked: list[Sighting], anchor: Sighting | None) -> list[Sighting]:
    """The order whose before-images disagree least; of equal ones the first by rank."""
    if len(ranked) < 2:
        return ranked
    if anchor is None and len(ranked) == 2 and not any(map(_tells_before, ranked)):
        # Where neither tells how it was before, both ways disagree alike.
        return ranked
    start: Scalars = anchor.after if anchor is not None else {}
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


def _tells_before(sighting: Sighting) -> bool:
    """Whether an event may tell how its object was; a key may be written with escapes."""
    return b'"previous_attributes"' in sighting.body or b"\\u" in sighting.body


def _greedy(first: list[int], cost: list[list[int]]) -> tuple[int, ...]:
    left = list(range(len(first)))
    order = [min(left, key=lambda index: first[index])]
    left.remove(order[0])
    while left:
        order.append(min(left, key=lambda index: cost[order[-1]][index]))
        left.remove(order[-1])
    return tuple(order)


def _disagreement(snapshot: Scalars, before: Scalars) -> int:
    if snapshot == before:
        return 0
    # A key that one of them lacks belongs to another API version: it is no disagreement.
    differ = [name for name, value in snapshot.items() if name in before and before[name] != value]
    return sum(is_scalar(snapshot[name]) and is_scalar(before[name]) for name in differ)
