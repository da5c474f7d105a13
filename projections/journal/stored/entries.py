"""Entries as they are stored: read by what they are named by, and written with their sums."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, select, update

from ledger.database import chunks
from projections.journal.accounts import CLEARING
from projections.journal.entry import Book, Entry, Line, Posting, PostingKey
from projections.journal.stored.amounts import joined, split
from projections.journal.stored.numbers import Numbers
from projections.journal.stored.sums import Movement, added
from projections.journal.stored.tables import JournalTables
from projections.tables.writer import WRITERS, Writer

__all__ = ["EntryStore", "PlacedEntry"]

_CHUNK = 500
# What settles is a balance transaction; all else is commercial.
_SETTLEMENT = "balance_transaction"


@dataclass(frozen=True, slots=True)
class PlacedEntry:
    """An entry, and its place among those of its position."""

    entry: Entry
    place: int


class EntryStore:
    """Reads and writes entries over a connection."""

    def __init__(self, connection: Connection, tables: JournalTables) -> None:
        self._connection = connection
        self._tables = tables
        self._writer: Writer = WRITERS[connection.dialect.name](connection)

    # Reading

    def holding(self, causes: Collection[str]) -> dict[PostingKey, PlacedEntry]:
        """The entries of some causes that hold."""
        table, known = self._tables.entries, dict[PostingKey, PlacedEntry]()
        for chunk in chunks(sorted(causes), _CHUNK):
            query = select(table).where(table.c.cause.in_(chunk), table.c.known_until.is_(None))
            for placed in self.read(query):
                known[placed.entry.posting.key] = placed
        return known

    def read(self, query: Select[tuple[object, ...]]) -> list[PlacedEntry]:
        """The entries that a query of their table gives, in its order, with their lines."""
        rows = self._connection.execute(query).all()
        lines = self._lines([(row.known_from, row.place) for row in rows])
        books = self._books({row.book for row in rows})
        return [_placed(row, books[row.book], lines[row.known_from, row.place]) for row in rows]

    def _lines(self, places: Sequence[tuple[int, int]]) -> dict[tuple[int, int], list[Line]]:
        lines, slots = self._tables.lines, self._tables.slots
        by_place: dict[tuple[int, int], list[Line]] = defaultdict(list)
        wanted = set(places)
        # By position alone: SQLite would read all lines for pairs.
        for chunk in chunks(sorted({position for position, _ in places}), _CHUNK):
            query = (
                select(lines, slots.c.ledger_account, slots.c.currency)
                .join(slots, slots.c.slot == lines.c.slot)
                .where(lines.c.known_from.in_(chunk))
                .order_by(lines.c.known_from, lines.c.place, lines.c.line)
            )
            for row in self._connection.execute(query):
                if (row.known_from, row.place) in wanted:
                    amount = joined(row.high, row.low)
                    line = Line(row.ledger_account, row.object_id, amount, row.currency)
                    by_place[row.known_from, row.place].append(line)
        return by_place

    def _books(self, numbers: Collection[int]) -> dict[int, Book]:
        columns = "book, account, livemode"
        rows = self._writer.select(self._tables.books, columns, "book", numbers)
        return {book: Book(account or None, bool(livemode)) for book, account, livemode in rows}

    # Writing

    def write(self, began: Sequence[PlacedEntry], ended: Sequence[PlacedEntry]) -> None:
        """Write entries that begin, and end others; the sums and what is unproven with them."""
        if not began and not ended:
            return
        every = [*began, *ended]
        numbers = Numbers(self._connection, self._tables, self._writer)
        books = numbers.books({each.entry.posting.book for each in every})
        slots = numbers.slots(
            {
                (line.ledger_account, line.currency, books[each.entry.posting.book])
                for each in every
                for line in each.entry.posting.lines
            }
        )

        def slot(posting: Posting, line: Line) -> int:
            return slots[line.ledger_account, line.currency, books[posting.book]]

        self._insert(began, books, slot)
        self._end(ended)
        movements = [
            Movement(position, posting.date, books[posting.book], slot(posting, line),
                     line.amount, sign)
            for entry, is_new in [*((each.entry, True) for each in began),
                                  *((each.entry, False) for each in ended)]
            for posting in (entry.posting,)
            for position, sign in _moves(entry, is_new=is_new)
            for line in posting.lines
        ]  # fmt: skip
        rows = sorted((*key, *amounts) for key, amounts in added(movements).items())
        self._writer.add(self._tables.sums, rows)
        self._prove(
            {
                (slot(each.entry.posting, line), line.object_id)
                for each in every
                for line in each.entry.posting.lines
                if line.ledger_account.startswith(CLEARING)
            }
        )

    def _insert(
        self,
        began: Sequence[PlacedEntry],
        books: Mapping[Book, int],
        slot: Callable[[Posting, Line], int],
    ) -> None:
        entries: list[tuple[Any, ...]] = []
        lines: list[tuple[Any, ...]] = []
        for placed in began:
            entry, posting = placed.entry, placed.entry.posting
            at = (entry.known_from, placed.place)
            entries.append(
                (
                    *at, entry.id, books[posting.book], posting.date, posting.object,
                    posting.object_id, posting.cause, posting.category, posting.balance_type,
                    entry.known_until,
                )
            )  # fmt: skip
            settles = posting.object == _SETTLEMENT
            lines += [
                (
                    *at, number, slot(posting, line), line.object_id, *split(line.amount), settles,
                    posting.date, entry.known_until,
                )
                for number, line in enumerate(posting.lines)
            ]  # fmt: skip
        self._writer.insert(self._tables.entries, entries)
        self._writer.insert(self._tables.lines, lines)

    def _end(self, ended: Sequence[PlacedEntry]) -> None:
        if not ended:
            return
        values = [
            {"at": each.entry.known_from, "in_it": each.place, "until": each.entry.known_until}
            for each in ended
        ]
        for table in (self._tables.entries, self._tables.lines):
            statement = (
                update(table)
                .where(table.c.known_from == bindparam("at"), table.c.place == bindparam("in_it"))
                .values(known_until=bindparam("until"))
            )
            self._connection.execute(statement, values)

    def _prove(self, touched: Collection[tuple[int, str]]) -> None:
        """Note of some clearing accounts of objects whether they are zero."""
        lines, unproven = self._tables.lines, self._tables.unproven
        legs: dict[tuple[int, str], dict[bool, int]] = defaultdict(lambda: {False: 0, True: 0})
        since: dict[tuple[int, str], int] = {}
        for chunk in chunks(sorted({object_id for _, object_id in touched}), _CHUNK):
            query = (
                select(
                    lines.c.slot, lines.c.object_id, lines.c.settles,
                    func.sum(lines.c.high), func.sum(lines.c.low), func.min(lines.c.date),
                )
                .where(lines.c.object_id.in_(chunk), lines.c.known_until.is_(None))
                .group_by(lines.c.slot, lines.c.object_id, lines.c.settles)
            )  # fmt: skip
            for slot, object_id, settles, high, low, first in self._connection.execute(query):
                key = (slot, object_id)
                legs[key][bool(settles)] = joined(high, low)
                since[key] = min(first, since.get(key, first))
        gone = [key for key in touched if not sum(legs[key].values())]
        if gone:
            statement = unproven.delete().where(
                unproven.c.slot == bindparam("of_slot"), unproven.c.object_id == bindparam("of")
            )
            self._connection.execute(
                statement, [{"of_slot": slot, "of": object_id} for slot, object_id in gone]
            )
        self._writer.upsert(
            unproven,
            sorted(
                (*key, since[key], *split(legs[key][False]), *split(legs[key][True]))
                for key in set(touched) - set(gone)
            ),
        )


def _moves(entry: Entry, *, is_new: bool) -> Iterator[tuple[int, int]]:
    """The positions at which an entry is added and taken away, with the sign."""
    if is_new:
        yield entry.known_from, 1
    if entry.known_until is not None:
        yield entry.known_until, -1


def _placed(row: Row[tuple[object, ...]], book: Book, lines: Sequence[Line]) -> PlacedEntry:
    posting = Posting(
        book, row.date, row.object_id, row.object, row.cause, row.category, row.balance_type,
        tuple(lines),
    )  # fmt: skip
    return PlacedEntry(Entry(row.id, posting, row.known_from, row.known_until), row.place)
