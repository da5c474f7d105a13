"""The fold of a set of events into rows: what every driver has to agree with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from ledger import RecordedEvent
from projections.objects.decode import reader
from projections.objects.observation import Key, Observation
from projections.objects.state import State, fold, lent
from projections.rows.components import clusters
from projections.rows.kind import Kind
from projections.rows.make import ProjectedRow, make

__all__ = ["fold_objects", "project"]


def project(kind: Kind, entries: Iterable[RecordedEvent]) -> list[ProjectedRow]:
    """The rows of a kind that a set of events gives, whatever their order."""
    read = reader(kind.objects)
    told = (observation for entry in entries for observation in read(entry))
    states = fold_objects(kind, told)
    return [made for cluster in clusters(kind, states) for made in make(kind, cluster)]


def fold_objects(kind: Kind, told: Iterable[Observation]) -> list[State]:
    """The state of every object that was told of."""
    by_key: dict[Key, list[Observation]] = defaultdict(list)
    for observation in told:
        by_key[observation.key].append(observation)
    return [
        lent(fold(group, kind.objects[key.object]), kind.lent.get(key.object))
        for key, group in by_key.items()
    ]
