"""Parts: which objects of a slice belong together, told or only named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from projections.sighting import Key, Sighting

__all__ = ["Part", "parts"]


@dataclass(slots=True, eq=False)
class Part:
    """Objects that name each other: those told of, and all members, named ones too."""

    told: list[Key] = field(default_factory=list)
    members: list[Key] = field(default_factory=list)


def parts(told: Mapping[Key, Iterable[Sighting]], objects: Iterable[str]) -> list[Part]:
    """What is told of ``objects``, parted so that no link leads from one part to another."""
    names = frozenset(objects)
    of: dict[Key, Part] = {}
    for key, group in told.items():
        if key.object not in names:
            continue
        part = of.get(key)
        if part is None:
            part = of[key] = Part(members=[key])
        part.told.append(key)
        for other in _named(key, group, names):
            found = of.get(other)
            if found is None:
                of[other] = part
                part.members.append(other)
            elif found is not part:
                part = join(part, found, of)
    return list(dict.fromkeys(of.values()))


def join(one: Part, other: Part, of: dict[Key, Part]) -> Part:
    """Both in one: the smaller goes into the larger."""
    large, small = (one, other) if len(one.members) >= len(other.members) else (other, one)
    large.told += small.told
    large.members += small.members
    for key in small.members:
        of[key] = large
    return large


def _named(key: Key, group: Iterable[Sighting], names: frozenset[str]) -> set[Key]:
    return {
        Key(key.scope, to, id)
        for sighting in group
        for to, ids in sighting.links.items()
        if ids and to in names
        for id in ids
    }
