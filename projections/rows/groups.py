"""Parts: which objects of a batch belong together, told or only named."""

from __future__ import annotations

from dataclasses import dataclass, field

from projections.objects.observation import Key
from projections.rows.batch import Batch
from projections.rows.kind import Kind

__all__ = ["Part", "parts"]


@dataclass(slots=True, eq=False)
class Part:
    """Objects that name each other: those told of, and all members, named ones too."""

    told: list[Key] = field(default_factory=list)
    members: list[Key] = field(default_factory=list)


def parts(batch: Batch, kind: Kind) -> list[Part]:
    """What a batch tells of a kind's objects, parted so that no link leads out of a part."""
    objects = kind.objects
    of: dict[Key, Part] = {}
    for key in batch.told:
        if key.object not in objects:
            continue
        part = of.get(key)
        if part is None:
            part = of[key] = Part(members=[key])
        part.told.append(key)
        for other in batch.named(key):
            if other.object not in objects:
                continue
            found = of.get(other)
            if found is None:
                of[other] = part
                part.members.append(other)
            elif found is not part:
                part = _join(part, found, of)
    return list(dict.fromkeys(of.values()))


def _join(one: Part, other: Part, of: dict[Key, Part]) -> Part:
    """Both in one: the smaller goes into the larger."""
    large, small = (one, other) if len(one.members) >= len(other.members) else (other, one)
    large.told += small.told
    large.members += small.members
    for key in small.members:
        of[key] = large
    return large
