"""What the feed reads: the kinds that have conditions, without what conditions do not look at."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from projections.rows.condition import Condition
from projections.rows.family import Family, families
from projections.rows.fingerprint import describe
from projections.rows.kind import FOLD_VERSION, Kind

__all__ = ["FEED_VERSION", "FeedReading", "condition_types"]

# The version of the feed's code, which no declaration shows: raising it builds the feed anew.
FEED_VERSION = 1


@dataclass(frozen=True)
class FeedReading:
    """The kinds that have conditions, and the families in which their states are stored."""

    families: tuple[Family, ...]

    @classmethod
    def of(cls, kinds: Iterable[Kind]) -> FeedReading:
        """What the feed of some kinds reads."""
        return cls(tuple(families(_own_objects(kind) for kind in kinds if kind.conditions)))

    @cached_property
    def fingerprint(self) -> str:
        """12 hex digits that change with the conditions, the fold, and the objects read; not with
        columns."""
        parts = [
            (
                family.objects,
                family.referenced_reads,
                [
                    (kind.object, kind.aggregates, kind.joins, _conditions(kind))
                    for kind in family.kinds
                ],
            )
            for family in self.families
        ]
        text = describe((FEED_VERSION, FOLD_VERSION, parts))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def condition_types(kinds: Iterable[Kind]) -> Mapping[str, Condition]:
    """Every type of notification that some kinds declare, with its condition."""
    return {
        f"{kind.object}.{condition.name}": condition
        for kind in sorted(kinds, key=lambda kind: kind.name)
        for condition in kind.conditions
    }


def _own_objects(kind: Kind) -> Kind:
    """A kind as far as its conditions go: where each object is a row, nothing is linked to it."""
    if kind.aggregates is not None:
        return kind
    root = kind.root
    return replace(kind, members=kind.members[:1], references=(), joins=frozenset({root}))


def _conditions(kind: Kind) -> list[tuple[str, object]]:
    return [(condition.name, condition.holds) for condition in kind.conditions]
