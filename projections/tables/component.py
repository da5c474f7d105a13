"""A piece of a kind's tables: the states of what is linked, and the rows that they give."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ledger.identity import stream_bytes
from projections.objects.observation import Key, Scope
from projections.objects.state import State
from projections.objects.types import Type
from projections.rows.components import clusters
from projections.rows.kind import Kind
from projections.rows.make import DeadLetter, ProjectedRow, make

__all__ = ["DrawnComponent", "StoredComponent", "as_row", "members_of", "piece", "row_key"]

# Of `pi_3MtwBwLkdIwHu7ix28a3tqPj`, for one, the time with a little of the account.
_BEGINNING = 12
_STRUCTURED = (Type.OBJECT, Type.LIST)


class StoredRow(msgspec.Struct, array_like=True):
    """A row that a cluster gave: its key, which states are its own, and whether one failed it."""

    key: bytes
    own: list[int]
    failed: bool


class StoredComponent(msgspec.Struct, array_like=True):
    """What is kept of a cluster."""

    states: list[State]
    rows: list[StoredRow]


_encode = msgspec.msgpack.Encoder().encode
_encode_json = msgspec.json.Encoder().encode
_decode = msgspec.msgpack.Decoder(StoredComponent).decode


@dataclass(slots=True, eq=False)
class DrawnComponent:
    """What is to be written of one cluster."""

    members: Sequence[Key]
    content: bytes
    rows: list[tuple[Any, ...]]
    letters: list[tuple[bytes, Scope, DeadLetter]]


def piece(kind: Kind, states: Sequence[State], members: Sequence[Key]) -> DrawnComponent:
    """The rows and the content of one cluster, a pure function of its states."""
    owned = kind.owned
    if not any(state.object in owned for state in states):
        # Nothing but lenders, waiting for somebody to lend to.
        return DrawnComponent(members, _encode(StoredComponent(list(states), [])), [], [])
    made = [one for cluster in clusters(kind, states) for one in make(kind, cluster)]
    place = {id(state): index for index, state in enumerate(states)}
    rows, letters, placed = [], [], []
    for one in made:
        scope = one.own[0].key.scope
        key = row_key(kind, scope, one.id)
        if one.row is not None:
            rows.append((key, *_sql_row(kind, one)))
        letters += [(key, scope, letter) for letter in one.dead_letters]
        own = [place[id(state)] for state in one.own]
        placed.append(StoredRow(key, own, bool(one.dead_letters)))
    return DrawnComponent(members, _encode(StoredComponent(list(states), placed)), rows, letters)


def content(stored: bytes) -> StoredComponent:
    """What was kept of a cluster."""
    return _decode(stored)


def members_of(kind: Kind, states: Iterable[State]) -> dict[Key, None]:
    """The objects of a cluster, told of or only named; a dictionary, for its order."""
    members: dict[Key, None] = {}
    for state in states:
        key = state.key
        members[key] = None
        for to, ids in state.links.items():
            if to in kind.objects:
                members |= {Key(key.scope, to, id): None for id in ids}
    return members


def row_key(kind: Kind, scope: Scope, id: str) -> bytes:
    """A row's key: its id in its account and mode, behind how the id begins.

    Stripe's ids begin with their time: rows made together stand together, and writing them
    touches few pages of an index, however many it has.
    """
    begins = id[:_BEGINNING].encode("ascii", "replace")
    return begins + stream_bytes(scope.account, scope.livemode, kind.object, id)


def _sql_row(kind: Kind, made: ProjectedRow) -> list[Any]:
    row = made.row
    assert row is not None
    # A row is made in the order of its kind's columns.
    values = list(row.values())
    for place in kind.structured:
        values[place] = _as_text(values[place])
    return values


def _as_text(value: Any) -> str | None:
    """ASCII JSON: nothing in it that a database's text cannot hold."""
    if not value:
        return None if value is None else "{}" if value.__class__ is dict else "[]"
    text = _encode_json(value)
    return text.decode() if text.isascii() else json.dumps(value, separators=(",", ":"))


def as_row(types: Mapping[str, Type], columns: Mapping[Any, Any]) -> dict[str, Any]:
    """A table's row as it is shown."""
    return {
        name: json.loads(columns[name])
        if type in _STRUCTURED and columns[name] is not None
        else columns[name]
        for name, type in types.items()
    }
