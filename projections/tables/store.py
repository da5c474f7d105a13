"""Loading the components that a batch touches, and writing what it changes: one kind's tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext, suppress
from typing import Any

from sqlalchemy import Connection, delete, func, select

from projections.objects.observation import Key, Scope
from projections.rows.batch import KindBatch
from projections.rows.change import Change, ComponentChange, StoredComponent
from projections.rows.components import object_keys
from projections.rows.merge import Stored
from projections.rows.terms import row_terms
from projections.tables.component import EncodedComponent, Term, decode, encode, shown_row, terms_of
from projections.tables.schema import Control, KindTables
from projections.tables.writer import WRITERS, Writer

__all__ = ["ComponentStore"]

# From so many components on their rows are worth a step each.
_MANY = 200
_KEY = "id, object, account, livemode"

Numbered = Sequence[tuple[int, EncodedComponent]]


class ComponentStore:
    """Reads and writes one kind's tables over a connection."""

    def __init__(self, connection: Connection, tables: KindTables, control: Control) -> None:
        self.connection = connection
        self.tables = tables
        self.kind = tables.kind
        self._control = control
        self._writer: Writer = WRITERS[connection.dialect.name](connection)

    # Loading

    def load(self, batch: KindBatch) -> Stored:
        """The stored components that a batch touches."""
        numbers = self.numbers([key for group in batch.groups for key in group.keys])
        return Stored(numbers, self.components(set(numbers.values())))

    def numbers(self, keys: Collection[Key]) -> dict[Key, int]:
        """The component of each object that was seen or linked to before."""
        if not keys:
            return {}
        wanted = set(keys)
        ids = {key.id for key in keys}
        rows = self._writer.select(self.tables.objects, f"{_KEY}, component", "id", ids)
        known = {
            Key(Scope(account or None, bool(livemode)), object, id): number
            for id, object, account, livemode, number in rows
        }
        return {key: number for key, number in known.items() if key in wanted}

    def numbers_of_id(self, id: str) -> set[int]:
        """The components in which an object has an id."""
        rows = self._writer.select(self.tables.objects, "component", "id", [id])
        return {number for (number,) in rows}

    def components(self, numbers: Collection[int]) -> dict[int, StoredComponent]:
        """Some components, by number."""
        rows = self._writer.select(
            self.tables.components, "component, content", "component", numbers
        )
        return {number: decode(bytes(content)) for number, content in rows}

    def rows(self, keys: Collection[bytes]) -> dict[bytes, tuple[Any, ...]]:
        """The rows that have some keys, as they are written."""
        names = ", ".join(f'"{column.name}"' for column in self.tables.rows.c)
        rows = self._writer.select(self.tables.rows, names, "row_key", keys)
        return {bytes(row[0]): (bytes(row[0]), *row[1:]) for row in rows}

    # Writing

    def write(
        self, change: Change, prepared: Mapping[ComponentChange, EncodedComponent] | None = None
    ) -> None:
        """Write a change; ``prepared`` holds components that were encoded ahead."""
        prepared = prepared or {}
        new = [component for component in change.components if not component.replaced]
        replacing = [component for component in change.components if component.replaced]
        if new:
            self._add([prepared.get(component) or encode(component) for component in new])
        if replacing:
            self._replace(replacing)

    def terms_of(self, rows: Mapping[bytes, tuple[Any, ...]]) -> list[Term]:
        """The terms of rows that were read as they are written; none where they are damaged."""
        types = {column.name: column.type for column in self.kind.columns}
        names = [column.name for column in self.tables.rows.c]
        terms: list[Term] = []
        for key, values in rows.items():
            with suppress(ValueError, AttributeError):
                row = shown_row(types, dict(zip(names, values, strict=True)))
                terms += [(term, row["created"], key) for term in row_terms(self.kind, row)]
        return terms

    def remove_terms(self, terms: Collection[Term]) -> None:
        """Delete some terms."""
        self._writer.remove(self.tables.terms, sorted(set(terms)))

    def delete_rows(self, keys: Collection[bytes]) -> None:
        """Delete some rows."""
        self._writer.delete(self.tables.rows, "row_key", keys)

    def _add(self, components: Sequence[EncodedComponent]) -> None:
        """Insert components none of whose objects is stored."""
        numbered = list(enumerate(components, self._next_number()))
        writer, tables = self._writer, self.tables
        with writer.together() if len(components) < _MANY else nullcontext():
            writer.insert(tables.components, [(number, each.content) for number, each in numbered])
            writer.insert(
                tables.objects,
                sorted(_object(key, number) for number, each in numbered for key in each.keys),
            )
            writer.insert(tables.rows, sorted(row for each in components for row in each.rows))
            writer.insert(tables.terms, sorted(term for each in components for term in each.terms))
            self._add_letters(components)

    def _replace(self, changes: Sequence[ComponentChange]) -> None:
        """Write components in the place of those that they replace, under the least number."""
        writer, tables = self._writer, self.tables
        numbered = [(change.replaced[0], encode(change)) for change in changes]
        known = {
            key: number
            for change in changes
            for number, stored in zip(change.replaced, change.before, strict=True)
            for key in object_keys(self.kind, stored.states)
        }
        before = [row for change in changes for stored in change.before for row in stored.rows]
        rows = [row for _, encoded in numbered for row in encoded.rows]
        terms_before = set(terms_of(before))
        terms = {term for _, encoded in numbered for term in encoded.terms}
        dropped = {number for change in changes for number in change.replaced[1:]}
        moved = sorted(
            _object(key, number)
            for number, encoded in numbered
            for key in encoded.keys
            if known.get(key) != number
        )
        with writer.together():
            writer.delete(tables.components, "component", dropped)
            writer.upsert(tables.components, [(number, each.content) for number, each in numbered])
            writer.upsert(tables.objects, moved)
            writer.delete(
                tables.rows, "row_key", {row.key for row in before} - {r[0] for r in rows}
            )
            writer.upsert(tables.rows, sorted(rows))
            writer.remove(tables.terms, sorted(terms_before - terms))
            writer.upsert(tables.terms, sorted(terms - terms_before))
        self._delete_letters({row.key for row in before if row.has_dead_letters})
        self._add_letters([encoded for _, encoded in numbered])

    def _next_number(self) -> int:
        greatest = select(func.max(self.tables.components.c.component))
        return (self.connection.execute(greatest).scalar() or 0) + 1

    def _delete_letters(self, keys: Collection[bytes]) -> None:
        letters = self._control.dead_letters
        for key in keys:
            of_row = (letters.c.table_name == self.tables.name, letters.c.row_key == key)
            self.connection.execute(delete(letters).where(*of_row))

    def _add_letters(self, components: Sequence[EncodedComponent]) -> None:
        name = self.tables.name
        rows = {
            (name, key, letter.event): (
                name, key, letter.event, letter.kind, letter.id, letter.position, letter.error,
                scope.account, scope.livemode,
            )
            for component in components
            for key, scope, letter in component.dead_letters
        }  # fmt: skip
        self._writer.upsert(self._control.dead_letters, list(rows.values()))


def _object(key: Key, number: int) -> tuple[str, str, str, bool, int]:
    return (key.id, key.object, key.scope.account or "", key.scope.livemode, number)
