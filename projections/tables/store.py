"""One kind's tables in one transaction: clusters and rows in and out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from sqlalchemy import Connection, delete, func, select

from projections.objects.observation import Key, Scope
from projections.tables.component import DrawnComponent, StoredComponent, content
from projections.tables.schema import Control, KindTables
from projections.tables.writer import WRITERS, Writer

__all__ = ["ComponentStore"]

# From so many pieces on their rows are worth a step each.
_MANY = 200
_KEY = "id, object, account, livemode"


class ComponentStore:
    """Reads and writes one kind's tables over a connection."""

    def __init__(self, connection: Connection, tables: KindTables, control: Control) -> None:
        self.connection = connection
        self.tables = tables
        self.kind = tables.kind
        self._control = control
        self._writer: Writer = WRITERS[connection.dialect.name](connection)

    def find(self, keys: Collection[Key]) -> dict[Key, int]:
        """The clusters of those objects that were told of or named before."""
        if not keys:
            return {}
        ids = {key.id for key in keys}
        wanted = set(keys)
        found = self._writer.select(self.tables.objects, f"{_KEY}, cluster", "id", ids)
        known = {
            Key(Scope(account or None, bool(livemode)), object, id): cluster
            for id, object, account, livemode, cluster in found
        }
        return {key: cluster for key, cluster in known.items() if key in wanted}

    def around(self, id: str) -> set[int]:
        """The clusters in which something has an id."""
        found = self._writer.select(self.tables.objects, "cluster", "id", [id])
        return {cluster for (cluster,) in found}

    def load(self, clusters: Collection[int]) -> dict[int, StoredComponent]:
        """What is kept of some clusters."""
        found = self._writer.select(self.tables.clusters, "cluster, content", "cluster", clusters)
        return {cluster: content(bytes(stored)) for cluster, stored in found}

    def rows(self, keys: Collection[bytes]) -> dict[bytes, tuple[Any, ...]]:
        """The rows that have some keys, as they are written."""
        names = ", ".join(f'"{column.name}"' for column in self.tables.rows.c)
        found = self._writer.select(self.tables.rows, names, "row_key", keys)
        return {bytes(row[0]): (bytes(row[0]), *row[1:]) for row in found}

    def forget(self, keys: Collection[bytes]) -> None:
        """Take rows away."""
        self._writer.delete(self.tables.rows, "row_key", keys)

    def next_cluster(self) -> int:
        """A number from which on no cluster has one."""
        greatest = select(func.max(self.tables.clusters.c.cluster))
        return (self.connection.execute(greatest).scalar() or 0) + 1

    def add(self, pieces: Sequence[DrawnComponent]) -> None:
        """Write clusters none of whose objects was known."""
        first = self.next_cluster()
        numbered = list(enumerate(pieces, first))
        writer, tables = self._writer, self.tables
        with writer.together() if len(pieces) < _MANY else nullcontext():
            writer.insert(tables.clusters, [(number, one.content) for number, one in numbered])
            writer.insert(
                tables.objects,
                sorted(_member(key, number) for number, one in numbered for key in one.members),
            )
            writer.insert(tables.rows, sorted(row for one in pieces for row in one.rows))
            self._add_letters(pieces)

    def replace(
        self,
        old: Mapping[int, StoredComponent],
        known: Mapping[Key, int],
        new: Mapping[int, DrawnComponent],
    ) -> None:
        """Write clusters in the place of others.

        ``old`` are those that were there, ``known`` where each of their objects was.
        """
        writer, tables = self._writer, self.tables
        before = {row.key for kept in old.values() for row in kept.rows}
        failed = {row.key for kept in old.values() for row in kept.rows if row.failed}
        rows = [row for one in new.values() for row in one.rows]
        with writer.together():
            writer.delete(tables.clusters, "cluster", old.keys() - new.keys())
            writer.upsert(tables.clusters, [(number, one.content) for number, one in new.items()])
            writer.upsert(
                tables.objects,
                sorted(
                    _member(key, number)
                    for number, one in new.items()
                    for key in one.members
                    if known.get(key) != number
                ),
            )
            writer.delete(tables.rows, "row_key", before - {row[0] for row in rows})
            writer.upsert(tables.rows, sorted(rows))
        self._forget_letters(failed)
        self._add_letters(new.values())

    def _forget_letters(self, keys: Collection[bytes]) -> None:
        letters = self._control.dead_letters
        for key in keys:
            mine = (letters.c.table_name == self.tables.name, letters.c.row_key == key)
            self.connection.execute(delete(letters).where(*mine))

    def _add_letters(self, pieces: Iterable[DrawnComponent]) -> None:
        name = self.tables.name
        rows = {
            (name, key, letter.event): (
                name, key, letter.event, letter.kind, letter.id, letter.position, letter.error,
                scope.account, scope.livemode,
            )
            for piece in pieces
            for key, scope, letter in piece.letters
        }  # fmt: skip
        self._writer.upsert(self._control.dead_letters, list(rows.values()))


def _member(key: Key, cluster: int) -> tuple[str, str, str, bool, int]:
    return (key.id, key.object, key.scope.account or "", key.scope.livemode, cluster)
