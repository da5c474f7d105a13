"""How a component is stored: its states as bytes, its rows as SQL values."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from projections.objects.observation import Key, Scope
from projections.objects.state import State
from projections.objects.types import Type
from projections.rows.change import ComponentChange, StoredComponent, StoredRow, row_key
from projections.rows.kind import Kind
from projections.rows.make import DeadLetter, ProjectedRow
from projections.rows.terms import row_terms

__all__ = [
    "NOT_ENCODABLE",
    "EncodedComponent",
    "Term",
    "decode",
    "encode",
    "encode_content",
    "shown_row",
    "terms_of",
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
class EncodedComponent:
    """What is written of one component: ``rows`` begin with their keys, ``terms`` end with them."""

    keys: Collection[Key]
    content: bytes
    rows: list[tuple[Any, ...]]
    terms: list[Term]
    dead_letters: list[tuple[bytes, Scope, DeadLetter]]


def encode(change: ComponentChange) -> EncodedComponent:
    """The component after a change, as it is written; needs no database."""
    kind = change.kind
    index_of = {id(state): index for index, state in enumerate(change.states)}
    rows: list[tuple[Any, ...]] = []
    dead_letters, stored_rows = [], []
    for projected in change.rows():
        scope = projected.scope
        key = row_key(kind, projected.key)
        created, terms = 0, []
        if projected.row is not None:
            created, terms = projected.row["created"], list(row_terms(kind, projected.row))
            rows.append((key, *_sql_values(kind, projected)))
        dead_letters += [(key, scope, letter) for letter in projected.dead_letters]
        members = [index_of[id(state)] for state in projected.members]
        has_letters, is_written = bool(projected.dead_letters), projected.row is not None
        stored_rows.append(StoredRow(key, members, has_letters, created, terms, is_written))
    content = encode_content(change.states, stored_rows)
    return EncodedComponent(change.keys, content, rows, terms_of(stored_rows), dead_letters)


def terms_of(rows: Iterable[StoredRow]) -> list[Term]:
    """The terms of some rows as they are written."""
    return [(term, row.created, row.key) for row in rows for term in row.terms]


def encode_content(states: Iterable[State], rows: list[StoredRow]) -> bytes:
    """States and the rows that they gave, as bytes."""
    return _encode(StoredComponent(list(states), rows))


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
