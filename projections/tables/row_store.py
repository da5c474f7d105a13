"""Writing the rows of changed components, in place of those that stood: one kind's tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from typing import Any

from sqlalchemy import Connection, delete

from projections.objects.observation import Scope
from projections.rows.change import ComponentChange
from projections.rows.make import DeadLetter
from projections.rows.terms import row_terms
from projections.tables.component import DrawnComponent, Term, draw, shown_row
from projections.tables.refusals import refusals
from projections.tables.schema import Control, KindTables
from projections.tables.store import MANY
from projections.tables.writer import WRITERS, Writer

__all__ = ["RowStore"]

Row = tuple[Any, ...]


class RowStore:
    """Reads and writes one kind's rows over a connection.

    ``has_letters``: whether the table has dead letters, which a new row replaces.
    """

    def __init__(
        self,
        connection: Connection,
        tables: KindTables,
        control: Control,
        *,
        has_letters: bool = True,
    ) -> None:
        self.connection = connection
        self.tables = tables
        self.kind = tables.kind
        self.control = control
        self.has_letters = has_letters
        self.writer: Writer = WRITERS[connection.dialect.name](connection)

    def standing(self, keys: Collection[bytes]) -> dict[bytes, Row]:
        """The rows that have some keys, as they are written."""
        names = ", ".join(f'"{column.name}"' for column in self.tables.rows.c)
        rows = self.writer.select(self.tables.rows, names, "row_key", keys)
        return {bytes(row[0]): (bytes(row[0]), *row[1:]) for row in rows}

    def stands(self, keys: Collection[bytes]) -> bool:
        """Whether any row has one of some keys."""
        return bool(self.writer.select(self.tables.rows, "row_key", "row_key", keys))

    def draw(self, changes: Iterable[ComponentChange]) -> list[DrawnComponent]:
        """What the kind's tables are to hold of changed components that concern it."""
        kind = self.kind
        return [draw(kind, change) for change in changes if change.concerns(kind)]

    def write(self, drawn: Sequence[DrawnComponent], *, anew: bool = False) -> None:
        """Write what was drawn; raises ``DataRefused`` where the database refuses it.

        The transaction, or its savepoint, has to be rolled back then. With ``anew`` everything is
        written, whatever stands there.
        """
        new = [each for each in drawn if not (anew or each.change.replaced)]
        replacing = [each for each in drawn if anew or each.change.replaced]
        with refusals(self.connection):
            if new:
                self._add(new)
            if replacing:
                self._replace(replacing, anew=anew)

    def terms_of(self, rows: Mapping[bytes, Row]) -> set[Term]:
        """The terms of rows that were read as they are written; none where they are damaged."""
        types = {column.name: column.type for column in self.kind.columns}
        names = [column.name for column in self.tables.rows.c]
        terms: set[Term] = set()
        for key, values in rows.items():
            with suppress(ValueError, AttributeError):
                row = shown_row(types, dict(zip(names, values, strict=True)))
                terms |= {(term, row["created"], key) for term in row_terms(self.kind, row)}
        return terms

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

    def _add(self, drawn: Sequence[DrawnComponent]) -> None:
        """Insert the rows of components that were not there before."""
        writer, tables = self.writer, self.tables
        with writer.together() if len(drawn) < MANY else nullcontext():
            writer.insert(tables.rows, sorted(row for each in drawn for row in each.rows))
            writer.insert(tables.terms, sorted(term for each in drawn for term in each.terms))
            self.add_letters(letter for each in drawn for letter in each.dead_letters)

    def _replace(self, drawn: Sequence[DrawnComponent], *, anew: bool) -> None:
        """Write what differs from the rows that stand there, or everything."""
        writer, tables = self.writer, self.tables
        before = self.standing({key for each in drawn for key in each.keys})
        rows = {row[0]: row for each in drawn for row in each.rows}
        gone = before.keys() - rows.keys()
        changed = {
            key: row for key, row in rows.items()
            if key in before and (anew or before[key] != row)
        }  # fmt: skip
        terms_before = self.terms_of({key: before[key] for key in gone | changed.keys()})
        terms = {
            term for each in drawn for term in each.terms
            if term[2] in changed or term[2] not in before
        }  # fmt: skip
        with writer.together():
            writer.delete(tables.rows, "row_key", gone)
            writer.upsert(tables.rows, sorted(changed.values()))
            # No row of another component is replaced, should it have the same key.
            writer.insert(
                tables.rows, sorted(row for key, row in rows.items() if key not in before)
            )
            writer.remove(tables.terms, sorted(terms_before - terms))
            writer.upsert(tables.terms, sorted(terms if anew else terms - terms_before))
        if self.has_letters:
            self.delete_letters({key for each in drawn for key in each.keys})
        self.add_letters(letter for each in drawn for letter in each.dead_letters)
