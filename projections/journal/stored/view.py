"""Of which books, up to which date, as known at which position: what every report is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, or_, select

from projections.errors import NotReady
from projections.journal.entry import Book
from projections.journal.stored.tables import JournalTables

__all__ = ["View", "books_of"]


@dataclass(frozen=True, slots=True)
class View:
    """What a report is of: money dated before ``before``, as known at ``at_position``.

    ``account`` ``self`` means the ledger's own; None is no bound. A report is always of a position:
    without one, of how far the journal has read.
    """

    before: int | None = None
    at_position: int | None = None
    account: str | None = None
    livemode: bool | None = None
    currency: str | None = None

    def at(self, read: int) -> View:
        """The same at a position, of a journal that has read so far; raises ``NotReady``."""
        if self.at_position is None:
            return replace(self, at_position=read)
        if self.at_position > read:
            raise NotReady(f"the journal has not read up to position {self.at_position} yet")
        return self

    @property
    def position(self) -> int:
        """The position, once there is one."""
        assert self.at_position is not None
        return self.at_position

    def visible(self, table: Table) -> list[ColumnElement[bool]]:
        """Which entries or lines are in it, but for their book."""
        columns = table.c
        conditions: list[ColumnElement[bool]] = [
            columns.known_from <= self.position,
            or_(columns.known_until.is_(None), columns.known_until > self.position),
        ]
        if self.before is not None:
            conditions.append(columns.date < self.before)
        return conditions

    def has(self, book: Book) -> bool:
        """Whether a book is one of those meant."""
        account = book.account or "self"
        return self.account in (None, account) and self.livemode in (None, book.livemode)


def books_of(connection: Connection, tables: JournalTables, view: View) -> dict[int, Book]:
    """The books that a report is of, by number."""
    query: Any = select(tables.books)
    if view.account is not None:
        own = "" if view.account == "self" else view.account
        query = query.where(tables.books.c.account == own)
    books = {
        row.book: Book(row.account or None, bool(row.livemode)) for row in connection.execute(query)
    }
    return {number: book for number, book in books.items() if view.has(book)}
