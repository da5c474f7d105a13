"""The numbers under which books, and accounts in a currency, are stored."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import ColumnElement, Connection, func, select

from projections.journal.entry import Book
from projections.journal.stored.tables import JournalTables
from projections.tables.writer import Writer

__all__ = ["Numbers"]


class Numbers:
    """The numbers of books and of slots; those that are new are written."""

    def __init__(self, connection: Connection, tables: JournalTables, writer: Writer) -> None:
        self._connection = connection
        self._tables = tables
        self._writer = writer

    def books(self, wanted: Collection[Book]) -> dict[Book, int]:
        """The number of each book."""
        table = self._tables.books
        accounts = {book.account or "" for book in wanted}
        rows = self._writer.select(table, "account, livemode, book", "account", accounts)
        known = {Book(account or None, bool(mode)): number for account, mode, number in rows}
        new = sorted(set(wanted) - known.keys(), key=lambda each: (each.account or "", each[1]))
        numbers = dict(zip(new, self._free(table.c.book), strict=False))
        self._writer.insert(
            table, [(number, book.account or "", book.livemode) for book, number in numbers.items()]
        )
        return known | numbers

    def slots(self, wanted: Collection[tuple[str, str, int]]) -> dict[tuple[str, str, int], int]:
        """The number of each account, currency and book."""
        table = self._tables.slots
        names, columns = {each[0] for each in wanted}, "ledger_account, currency, book, slot"
        rows = self._writer.select(table, columns, "ledger_account", names)
        known = {(account, currency, book): slot for account, currency, book, slot in rows}
        numbers = dict(zip(sorted(set(wanted) - known.keys()), self._free(table.c.slot),
                           strict=False))  # fmt: skip
        self._writer.insert(
            table,
            [(slot, book, account, currency) for (account, currency, book), slot in
             numbers.items()],
        )  # fmt: skip
        return known | numbers

    def _free(self, column: ColumnElement[int]) -> Iterable[int]:
        greatest = self._connection.execute(select(func.max(column))).scalar() or 0
        return iter(range(greatest + 1, 2**62))
