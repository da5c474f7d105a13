"""Loading the components that a batch touches, and writing what it changes: one kind's tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

from sqlalchemy import Connection, delete, func, select

from projections.objects.observation import Key, Scope
from projections.rows.batch import KindBatch
from projections.rows.change import Change, ComponentChange, StoredComponent
from projections.rows.components import object_keys
from projections.rows.make import DeadLetter
from projections.rows.merge import Stored
from projections.rows.terms import row_terms
from projections.tables.component import EncodedComponent, Term, decode, encode, shown_row, terms_of
from projections.tables.refusals import refusals
from projections.tables.schema import Control, KindTables
from projections.tables.writer import WRITERS, Writer

__all__ = ["ComponentStore"]

# From so many components on their rows are worth a step each.
_MANY = 200
_KEY = "id, object, account, livemode"


class ComponentStore:
    """Reads and writes one kind's tables over a connection."""

    def __init__(self, connection: Connection, tables: KindTables, control: Control) -> None:
        self.connection = connection
        self.tables = tables
        self.kind = tables.kind
        self.control = control
        self.writer: Writer = WRITERS[connection.dialect.name](connection)

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
        rows = self.writer.select(self.tables.objects, f"{_KEY}, component", "id", ids)
        known = {
            Key(Scope(account or None, bool(livemode)), object, id): number
            for id, object, account, livemode, number in rows
        }
        return {key: number for key, number in known.items() if key in wanted}

    def numbers_of_id(self, id: str) -> set[int]:
        """The components in which an object has an id."""
        rows = self.writer.select(self.tables.objects, "component", "id", [id])
        return {number for (number,) in rows}

    def components(self, numbers: Collection[int]) -> dict[int, StoredComponent]:
        """Some components, by number."""
        rows = self.writer.select(
            self.tables.components, "component, content", "component", numbers
        )
        return {number: decode(bytes(content)) for number, content in rows}

    def rows(self, keys: Collection[bytes]) -> dict[bytes, tuple[Any, ...]]:
        """The rows that have some keys, as they are written."""
        names = ", ".join(f'"{column.name}"' for column in self.tables.rows.c)
        rows = self.writer.select(self.tables.rows, names, "row_key", keys)
        return {bytes(row[0]): (bytes(row[0]), *row[1:]) for row in rows}

    # Writing

    def write(
        self, change: Change, prepared: Mapping[ComponentChange, EncodedComponent] | None = None
    ) -> None:
        """Write a change; ``prepared`` holds components that were encoded ahead.

        Raises ``DataRefused`` where a value cannot be stored: the transaction, or its savepoint,
        has to be rolled back then.
        """
        prepared = prepared or {}
        new = [component for component in change.components if not component.replaced]
        replacing = [component for component in change.components if component.replaced]
        with self.refusals():
            if new:
                self._add([prepared.get(component) or encode(component) for component in new])
            if replacing:
                self._replace(replacing)

    def refusals(self) -> AbstractContextManager[None]:
        """A block in which what the database refuses raises ``DataRefused``."""
        return refusals(self.connection)

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
        """Delete some terms; raises ``DataRefused``."""
        with self.refusals():
            self.writer.remove(self.tables.terms, sorted(set(terms)))

    def delete_rows(self, keys: Collection[bytes]) -> None:
        """Delete some rows; raises ``DataRefused``."""
        with self.refusals():
            self.writer.delete(self.tables.rows, "row_key", keys)

    def _add(self, components: Sequence[EncodedComponent]) -> None:
        """Insert components none of whose objects is stored."""
        numbered = list(enumerate(components, self.next_number()))
        writer, tables = self.writer, self.tables
        with writer.together() if len(components) < _MANY else nullcontext():
            writer.insert(tables.components, [(number, each.content) for number, each in numbered])
            writer.insert(
                tables.objects,
                sorted(_object(key, number) for number, each in numbered for key in each.keys),
            )
            writer.insert(tables.rows, sorted(row for each in components for row in each.rows))
            writer.insert(tables.terms, sorted(term for each in components for term in each.terms))
            self.add_letters(letter for each in components for letter in each.dead_letters)

    def _replace(self, changes: Sequence[ComponentChange]) -> None:
        """Write components in the place of those that they replace, under the least number."""
        writer, tables = self.writer, self.tables
        encoded = [encode(change) for change in changes]
        before = [row for change in changes for stored in change.before for row in stored.rows]
        written = {row.key for row in before if row.is_written}
        rows = sorted(row for each in encoded for row in each.rows)
        terms_before = set(terms_of(before))
        terms = {term for each in encoded for term in each.terms}
        with writer.together():
            self.replace_states(
                [(change.replaced[0], change, each.content)
                 for change, each in zip(changes, encoded, strict=True)]
            )  # fmt: skip
            writer.delete(tables.rows, "row_key", written - {row[0] for row in rows})
            writer.upsert(tables.rows, [row for row in rows if row[0] in written])
            # No row of another component is replaced, should it have the same key.
            writer.insert(tables.rows, [row for row in rows if row[0] not in written])
            writer.remove(tables.terms, sorted(terms_before - terms))
            writer.upsert(tables.terms, sorted(terms - terms_before))
        self.delete_letters({row.key for row in before if row.has_dead_letters})
        self.add_letters(letter for each in encoded for letter in each.dead_letters)

    def replace_states(self, numbered: Sequence[tuple[int, ComponentChange, bytes]]) -> None:
        """Write components without their rows, by number, each with its content."""
        writer, tables = self.writer, self.tables
        known = {
            key: number
            for _, change, _ in numbered
            for number, stored in zip(change.replaced, change.before, strict=True)
            for key in object_keys(self.kind, stored.states)
        }
        moved = sorted(
            _object(key, number)
            for number, change, _ in numbered
            for key in change.keys
            if known.get(key) != number
        )
        dropped = {number for _, change, _ in numbered for number in change.replaced[1:]}
        writer.delete(tables.components, "component", dropped)
        writer.upsert(tables.components, [(number, content) for number, _, content in numbered])
        writer.upsert(tables.objects, moved)

    def next_number(self) -> int:
        """A number that no component has."""
        greatest = select(func.max(self.tables.components.c.component))
        return (self.connection.execute(greatest).scalar() or 0) + 1

    def delete_letters(self, keys: Collection[bytes]) -> None:
        """Delete the dead letters of some rows."""
        letters = self.control.dead_letters
        for key in keys:
            of_row = (letters.c.table_name == self.tables.name, letters.c.row_key == key)
            self.connection.execute(delete(letters).where(*of_row))

    def add_letters(self, added: Iterable[tuple[bytes, Scope, DeadLetter]]) -> None:
        """Write dead letters, each with the key and scope of its row."""
        name = self.tables.name
        rows = {
            (name, key, letter.event): (
                name, key, letter.event, letter.kind, letter.id, letter.position, letter.error,
                scope.account, scope.livemode,
            )
            for key, scope, letter in added
        }  # fmt: skip
        self.writer.upsert(self.control.dead_letters, list(rows.values()))


def _object(key: Key, number: int) -> tuple[str, str, str, bool, int]:
    return (key.id, key.object, key.scope.account or "", key.scope.livemode, number)
