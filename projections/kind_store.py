"""One kind's tables in one transaction: states, links and rows in and out."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Table, bindparam, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ledger.identity import stream_id
from projections.declare import Kind
from projections.neighbourhood import Edge
from projections.rows import Made
from projections.sighting import Scope
from projections.state import State
from projections.tables import Control, KindTables
from projections.values import Type

__all__ = ["KindStore", "as_row", "row_key", "sql_row"]

_CHUNK = 400

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(State).decode


def row_key(kind: Kind, scope: Scope, id: str) -> bytes:
    """A row's key: its id in its account and mode."""
    return stream_id(scope.account, scope.livemode, kind.object, id).bytes


def sql_row(kind: Kind, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as its table holds it."""
    return {column.name: _as_sql(column.type, row.get(column.name)) for column in kind.columns}


def as_row(types: Mapping[str, Type], columns: Mapping[str, Any]) -> dict[str, Any]:
    """A table's row as it is shown."""
    return {
        name: json.loads(columns[name])
        if type in (Type.OBJECT, Type.LIST) and columns[name] is not None
        else columns[name]
        for name, type in types.items()
    }


def _as_sql(type: Type, value: Any) -> Any:
    if type in (Type.OBJECT, Type.LIST) and value is not None:
        return json.dumps(value)
    return value


class KindStore:
    """Reads and writes one kind's tables over a connection."""

    def __init__(self, connection: Connection, tables: KindTables, control: Control) -> None:
        self.connection = connection
        self.tables = tables
        self.kind = tables.kind
        self._control = control

    def states(self, streams: Iterable[UUID]) -> dict[UUID, State]:
        """The stored states of some objects."""
        table = self.tables.objects
        return {
            UUID(bytes=bytes(key)): _decode(state)
            for some in _chunks([stream.bytes for stream in streams])
            for key, state in self.connection.execute(
                select(table.c.key, table.c.state).where(table.c.key.in_(some))
            )
        }

    def save_states(self, states: Mapping[UUID, State]) -> None:
        """Write states, new or changed."""
        self._upsert(
            self.tables.objects,
            [
                {
                    "key": stream.bytes,
                    "object": state.object,
                    "id": state.id,
                    "account": state.account,
                    "livemode": state.livemode,
                    "state": _encode(state),
                }
                for stream, state in states.items()
            ],
            changing=("state",),
        )

    def save_links(self, edges: Collection[Edge]) -> None:
        """Write links; what was told stays told."""
        self._upsert(
            self.tables.links,
            [
                {
                    "source": edge.source.bytes,
                    "target": edge.target.bytes,
                    "source_object": edge.source_object,
                    "target_object": edge.target_object,
                }
                for edge in set(edges)
            ],
            changing=(),
        )

    def touching(self, streams: Collection[UUID]) -> Iterator[Edge]:
        """The stored links at some objects, in either direction."""
        links = self.tables.links.c
        for some in _chunks([stream.bytes for stream in streams]):
            query = select(
                links.source, links.source_object, links.target, links.target_object
            ).where(or_(links.source.in_(some), links.target.in_(some)))
            for source, source_object, target, target_object in self.connection.execute(query):
                yield Edge(
                    UUID(bytes=bytes(source)),
                    source_object,
                    UUID(bytes=bytes(target)),
                    target_object,
                )

    def row_keys(self, streams: Iterable[UUID]) -> set[bytes]:
        """The rows that some objects went into so far."""
        table = self.tables.objects.c
        return {
            bytes(key)
            for some in _chunks([stream.bytes for stream in streams])
            for (key,) in self.connection.execute(
                select(table.row_key).where(table.key.in_(some), table.row_key.is_not(None))
            )
        }

    def replace_rows(self, old: set[bytes], made: Sequence[Made]) -> None:
        """Put rows in the place of those that the same objects went into before."""
        keyed = {row_key(self.kind, one.own[0].key.scope, one.id): one for one in made}
        rows = [
            {"row_key": key, **sql_row(self.kind, one.row)}
            for key, one in keyed.items()
            if one.row is not None
        ]
        gone = old - {row["row_key"] for row in rows}
        self._delete(self.tables.rows, "row_key", gone)
        self._upsert(self.tables.rows, rows, changing=[column.name for column in self.kind.columns])
        self._assign(keyed)
        self._replace_letters(old | keyed.keys(), keyed)

    def _assign(self, keyed: Mapping[bytes, Made]) -> None:
        # A lender's object never belongs to a row; only the owned ones remember theirs.
        places = [
            {"at": state.key.uuid.bytes, "into": key}
            for key, one in keyed.items()
            for state in one.own
        ]
        if places:
            table = self.tables.objects
            statement = update(table).where(table.c.key == bindparam("at"))
            self.connection.execute(statement.values(row_key=bindparam("into")), places)

    def _replace_letters(self, keys: set[bytes], keyed: Mapping[bytes, Made]) -> None:
        letters = self._control.dead_letters
        for some in _chunks(list(keys)):
            self.connection.execute(
                delete(letters).where(
                    letters.c.table_name == self.tables.name, letters.c.row_key.in_(some)
                )
            )
        self._upsert(
            letters,
            [
                {
                    "table_name": self.tables.name,
                    "row_key": key,
                    "event": letter.event,
                    "kind": letter.kind,
                    "row_id": letter.id,
                    "position": letter.position,
                    "error": letter.error,
                    "account": one.own[0].account,
                    "livemode": one.own[0].livemode,
                }
                for key, one in keyed.items()
                for letter in one.dead_letters
            ],
            changing=("error",),
        )

    def _delete(self, table: Table, column: str, keys: Iterable[bytes]) -> None:
        for some in _chunks(list(keys)):
            self.connection.execute(delete(table).where(table.c[column].in_(some)))

    def _upsert(
        self, table: Table, rows: Sequence[Mapping[str, Any]], *, changing: Sequence[str]
    ) -> None:
        if not rows:
            return
        dialect = postgresql if self.connection.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(table)
        keys = list(table.primary_key.columns)
        if changing:
            new = {name: statement.excluded[name] for name in changing}
            statement = statement.on_conflict_do_update(index_elements=keys, set_=new)
        else:
            statement = statement.on_conflict_do_nothing(index_elements=keys)
        self.connection.execute(statement, list(rows))


def _chunks(items: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
