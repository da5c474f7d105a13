"""The fold of a set of events into rows: what every driver has to agree with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from projections.declare import Kind
from projections.neighbourhood import clusters
from projections.reading import reader
from projections.rows import Made, make
from projections.sighting import Key, Sighting, Told
from projections.state import State, fold, lent

__all__ = ["fold_objects", "project"]


def project(kind: Kind, entries: Iterable[Told]) -> list[Made]:
    """The rows of a kind that a set of events gives, whatever their order."""
    read = reader(kind.objects)
    told = (sighting for entry in entries for sighting in read(entry))
    states = fold_objects(kind, told)
    return [made for cluster in clusters(kind, states) for made in make(kind, cluster)]


def fold_objects(kind: Kind, told: Iterable[Sighting]) -> list[State]:
    """The state of every object that was told of."""
    by_key: dict[Key, list[Sighting]] = defaultdict(list)
    for sighting in told:
        by_key[sighting.key].append(sighting)
    return [
        lent(fold(group, kind.objects[key.object]), kind.lent.get(key.object))
        for key, group in by_key.items()
    ]
