"""Marks as they are stored: per row, how often each of its conditions has risen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec
from sqlalchemy import Connection, Table

from projections.feed.walk import Mark, Marks
from projections.objects.observation import Key
from projections.rows.change import row_key
from projections.rows.kind import Kind
from projections.tables.writer import WRITERS, Writer

__all__ = ["MarkStore"]

Stored = dict[str, tuple[int, int]]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Stored).decode


class MarkStore:
    """Reads and writes marks over a connection."""

    def __init__(self, connection: Connection, table: Table) -> None:
        self._table = table
        self._writer: Writer = WRITERS[connection.dialect.name](connection)

    def load(self, kinds: Iterable[Kind], keys: Collection[Key]) -> Marks:
        """The marks of all rows that stand for some objects."""
        names = {
            row_key(kind, key): (kind, key)
            for kind in kinds
            for key in keys
            if key.object in kind.member_names
        }
        marks: Marks = {}
        if not names:
            return marks
        rows = self._writer.select(self._table, "row_key, content", "row_key", names.keys())
        for stored_key, content in rows:
            kind, key = names[bytes(stored_key)]
            marks[kind.name, key] = _mark(kind, _decode(bytes(content)))
        return marks

    def write(
        self, kinds: Mapping[str, Kind], marks: Marks, changed: Iterable[tuple[str, Key]]
    ) -> None:
        """Write the marks that changed, and delete those of rows that are gone."""
        written, gone = [], []
        for name, key in changed:
            mark, kind = marks.get((name, key)), kinds[name]
            if mark is None:
                gone.append(row_key(kind, key))
            elif any(mark.highest):
                written.append((row_key(kind, key), _encode(_stored(kind, mark))))
        self._writer.delete(self._table, "row_key", gone)
        self._writer.upsert(self._table, sorted(written))


def _stored(kind: Kind, mark: Mark) -> Stored:
    return {
        condition.name: (count, highest)
        for condition, count, highest in zip(
            kind.conditions, mark.counts, mark.highest, strict=True
        )
        if highest
    }


def _mark(kind: Kind, stored: Stored) -> Mark:
    pairs = [stored.get(condition.name, (0, 0)) for condition in kind.conditions]
    return Mark([count for count, _ in pairs], [highest for _, highest in pairs])
