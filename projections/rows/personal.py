"""Kinds without personal data: what is declared personal is not read, and null in every row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from projections.objects.declaration import MergedList, Read, StripeObject
from projections.rows.kind import Field, Kind

__all__ = ["without_personal_data"]


def without_personal_data(kinds: Mapping[str, Kind]) -> dict[str, Kind]:
    """The kinds as they are where personal data is left out; a kind that has none is the same.

    The fields stay declared. An object that several kinds read is the same in all of them.
    """
    objects: dict[StripeObject, StripeObject] = {}
    return {name: _kind(kind, objects) for name, kind in kinds.items()}


def _kind(kind: Kind, objects: dict[StripeObject, StripeObject]) -> Kind:
    for declared in kind.objects.values():
        if declared not in objects:
            objects[declared] = _object(declared)
    fields = tuple(_field(field) for field in kind.fields)
    if fields == kind.fields and all(objects[each] is each for each in kind.objects.values()):
        return kind
    return replace(
        kind,
        members=tuple(objects[member] for member in kind.members),
        references=tuple(
            replace(reference, object=objects[reference.object]) for reference in kind.references
        ),
        fields=fields,
    )


def _object(declared: StripeObject) -> StripeObject:
    reads = _reads(declared.reads)
    merged_lists = {
        name: MergedList(merged.path, _reads(merged.reads))
        for name, merged in declared.merged_lists.items()
    }
    if reads == declared.reads and merged_lists == dict(declared.merged_lists):
        return declared
    return replace(declared, reads=reads, merged_lists=merged_lists)


def _reads(reads: Iterable[Read]) -> tuple[Read, ...]:
    return tuple(
        read if read.items is None else replace(read, items=tuple(map(_item, read.items)))
        for read in reads
        if not read.personal
    )


def _item(read: Read) -> Read:
    # The objects of a list have all their keys.
    return replace(read, convert=_nothing, fallback=None) if read.personal else read


def _field(field: Field) -> Field:
    if field.personal:
        return replace(
            field, paths=(), derive=_nothing, convert=None, fallback=None, items=None, withheld=True
        )
    if field.items is None:
        return field
    return replace(field, items=tuple(map(_field, field.items)))


def _nothing(_: Any) -> None:
    return None
