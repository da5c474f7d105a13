"""How a component is stored: its states as bytes, and each kind's rows as SQL values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from projections.objects.observation import Scope
from projections.objects.state import State
from projections.objects.types import Type
from projections.rows.change import ComponentChange, StoredComponent, row_key, row_keys
from projections.rows.kind import Kind
from projections.rows.make import DeadLetter, ProjectedRow
from projections.rows.terms import row_terms

__all__ = [
    "NOT_ENCODABLE",
    "DrawnComponent",
    "Term",
    "decode",
    "draw",
    "encode",
    "shown_row",
]

# A term, the `created` of a row that a search finds by it, and the row's key.
Term = tuple[str, int, bytes]

# What encoding raises for a value that has no bytes.
NOT_ENCODABLE = (OverflowError, RecursionError, TypeError, ValueError)
_STRUCTURED = (Type.OBJECT, Type.LIST)

_encode = msgspec.msgpack.Encoder().encode
_encode_json = msgspec.json.Encoder().encode
_decode = msgspec.msgpack.Decoder(StoredComponent).decode


@dataclass(slots=True, eq=False)
class DrawnComponent:
    """What one kind's tables hold of a component: ``rows`` begin with their keys, ``terms`` end
    with them. ``keys`` are those of all rows that could be there of its objects."""

    change: ComponentChange
    keys: set[bytes]
    rows: list[tuple[Any, ...]]
    terms: list[Term]
    dead_letters: list[tuple[bytes, Scope, DeadLetter]]


def draw(kind: Kind, change: ComponentChange) -> DrawnComponent:
    """A kind's rows of a component after a change, as they are written; needs no database."""
    drawn = DrawnComponent(change, set(), [], [], [])
    if change.replaced:
        drawn.keys = row_keys(kind, change.keys)
    for projected in change.rows(kind):
        scope = projected.scope
        key = row_key(kind, scope.key(projected.object, projected.id))
        drawn.keys.add(key)
        if projected.row is not None:
            created = projected.row["created"]
            drawn.terms += [(term, created, key) for term in row_terms(kind, projected.row)]
            drawn.rows.append((key, *_sql_values(kind, projected)))
        drawn.dead_letters += [(key, scope, letter) for letter in projected.dead_letters]
    return drawn


def encode(states: Iterable[State]) -> bytes:
    """A component as it is stored."""
    return _encode(StoredComponent(list(states)))


def decode(content: bytes) -> StoredComponent:
    """A component as it was stored."""
    return _decode(content)


def shown_row(types: Mapping[str, Type], columns: Mapping[Any, Any]) -> dict[str, Any]:
    """A table's row as it is shown: JSON columns decoded."""
    return {
        name: json.loads(columns[name])
        if type in _STRUCTURED and columns[name] is not None
        else columns[name]
        for name, type in types.items()
    }


def _sql_values(kind: Kind, projected: ProjectedRow) -> list[Any]:
    row = projected.row
    assert row is not None
    # A row is made in the order of its kind's columns.
    values = list(row.values())
    for index in kind.structured:
        values[index] = _as_text(values[index])
    return values


def _as_text(value: Any) -> str | None:
    """ASCII JSON: it holds nothing that a database's text cannot."""
    if not value:
        return None if value is None else "{}" if value.__class__ is dict else "[]"
    text = _encode_json(value)
    return text.decode() if text.isascii() else json.dumps(value, separators=(",", ":"))
