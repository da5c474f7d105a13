"""Through what becomes known of one component, position by position: what is posted, what ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from projections.journal.component import Component
from projections.journal.entry import Posting, PostingKey
from projections.objects.observation import Key, Observation

__all__ = ["JournalChange", "walk"]


class JournalChange(NamedTuple):
    """What changes at a position: what held before and ends, and what begins.

    A posting that is replaced by another one of the same key is in both.
    """

    position: int
    ended: tuple[PostingKey, ...]
    began: tuple[Posting, ...]


def walk(histories: Mapping[Key, Sequence[Observation]], after: int) -> Iterator[JournalChange]:
    """What changes at each position after ``after``, in order of position.

    ``histories`` has all observations of a component up to a batch's end. Positions at which
    nothing changes are left out.
    """
    observations = [each for its in histories.values() for each in its]
    if not observations:
        return
    observations.sort(key=lambda each: (each.position, each.key))
    component = Component()
    earlier = [each for each in observations if each.position <= after]
    component.add(earlier)
    for _ in component.renew():
        pass
    later = observations[len(earlier) :]
    for position, group in groupby(later, key=lambda each: each.position):
        component.add(group)
        ended: list[PostingKey] = []
        began: list[Posting] = []
        for old, new in component.renew():
            ended += [key for key, posting in old.items() if new.get(key) != posting]
            began += [posting for key, posting in new.items() if old.get(key) != posting]
        if ended or began:
            yield JournalChange(position, tuple(sorted(ended, key=_order)), _sorted(began))


def _sorted(began: list[Posting]) -> tuple[Posting, ...]:
    return tuple(sorted(began, key=lambda each: _order(each.key)))


def _order(key: PostingKey) -> tuple[str, str, str]:
    return (key.object, key.object_id, key.cause)
