"""The canonical order of an object's observations: a function of their set, never of arrival."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from projections.objects.declaration import StripeObject
from projections.objects.fit import best_fit
from projections.objects.observation import Observation

__all__ = ["canonical_order", "finality", "leaves_terminal", "needs_anchor"]

_created = attrgetter("created")


def canonical_order(
    observations: Sequence[Observation], declared: StripeObject, anchor: Observation | None = None
) -> list[Observation]:
    """One object's observations in the order in which their snapshots were true.

    By second; within one second by progress, which only grows, then by how well each event's
    before-image fits the snapshot before it, then by rank of type and status, then by id. Where an
    event proves that a terminal status was left, its second goes by fit alone. What has no
    before-image comes before the events: embedded snapshots, then snapshot records.
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
        for each in second:
            if anchor is None or _follows(each, anchor, declared):
                anchor = each
    return ordered


def finality(observation: Observation, declared: StripeObject) -> int:
    """How final a snapshot is: 0 open, 1 terminal, 2 settled. Nothing less final follows it."""
    if observation.values.get("status") not in declared.terminal:
        return 0
    is_settled = declared.is_settled
    return 2 if is_settled is not None and is_settled(observation.values) else 1


def leaves_terminal(
    observation: Observation, values: Mapping[str, Any], declared: StripeObject
) -> bool:
    """Whether an event proves that an object with some values left its terminal status.

    It says that the object was in that status before: an invoice that was paid is open again when
    its payment is detached. Or it shows an object that was created later: a coupon's id, which
    the merchant chooses, may be used again once the coupon was deleted. A snapshot record always
    does: unlike an event's snapshot, what Stripe answered was so in the second that it names.
    """
    status = values.get("status")
    if status not in declared.terminal:
        return False
    if observation.is_record:
        return True
    return observation.previous.get("status") == status or _is_younger(observation.values, values)


def _is_younger(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    created, before = left.get("created"), right.get("created")
    return created is not None and before is not None and created > before


def _follows(last: Observation, anchor: Observation, declared: StripeObject) -> bool:
    if finality(last, declared) >= finality(anchor, declared):
        return True
    return leaves_terminal(last, anchor.values, declared)


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
        if first != second and not ((first[0] or second[0]) and _is_left(group, declared)):
            return group if first < second else group[::-1]
    furthest = _furthest(group, declared)
    direct = sorted(_direct(furthest), key=rank)
    # An embedded snapshot was taken for another object's sake: it has the lowest rank. A record
    # shows the whole object, at the time that it names or a little later: it follows them.
    embedded = sorted((each for each in furthest if each.embedded), key=rank)
    records = sorted((each for each in furthest if each.is_record), key=rank)
    behind = sorted((each for each in group if not _is_in(each, furthest)), key=rank)
    return [*behind, *embedded, *records, *best_fit(direct, anchor)]


def _furthest(group: list[Observation], declared: StripeObject) -> list[Observation]:
    """The observations with the greatest progress."""
    if len(group) == 1:
        return group
    progress = [_progress(observation, declared) for observation in group]
    greatest = max(progress)
    if greatest[0] and _is_left(group, declared):
        # A terminal status was left within the second: progress went back, and says nothing.
        return group
    return [each for each, its in zip(group, progress, strict=True) if its == greatest]


def _is_left(group: list[Observation], declared: StripeObject) -> bool:
    """Whether some event proves that a terminal status was left for one that is not."""
    return any(
        finality(observation, declared) == 0
        and observation.previous.get("status") in declared.terminal
        for observation in group
    )


def _direct(group: list[Observation]) -> list[Observation]:
    """Those that an event is about: only they have a before-image."""
    return [each for each in group if not (each.embedded or each.is_record)]


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
