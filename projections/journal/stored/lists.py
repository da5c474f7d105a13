"""Lists of entries: newest first by page, oldest first as a whole, between two positions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select, tuple_, union

from ledger import UnknownCursor
from ledger.listing import Page
from projections.journal.entry import Book, Entry
from projections.journal.stored.entries import EntryStore
from projections.journal.stored.tables import JournalTables
from projections.journal.stored.view import View, books_of

__all__ = ["EntryFilter", "EntryPage", "all_entries", "differences", "listed", "with_id"]

_CHUNK = 500
_ORDER = ("date", "known_from", "place")


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries are meant; ``object_id`` of the entry or of one of its lines."""

    ledger_account: str | None = None
    object_id: str | None = None
    cause: str | None = None
    since: int | None = None


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Which part of a list: after or before an entry's id, and how many."""

    limit: int = 10
    starting_after: str | None = None
    ending_before: str | None = None


def with_id(connection: Connection, tables: JournalTables, id: str) -> Entry | None:
    """An entry by its id, whether or not it holds."""
    query = select(tables.entries).where(tables.entries.c.id == id)
    placed = EntryStore(connection, tables).read(query)
    return placed[0].entry if placed else None


def listed(
    connection: Connection,
    tables: JournalTables,
    view: View,
    wanted: EntryFilter,
    page: EntryPage,
) -> Page[Entry]:
    """A page of the entries of a view, newest first; raises ``UnknownCursor``."""
    backwards = page.ending_before is not None
    cursor = page.ending_before if backwards else page.starting_after
    at = None if cursor is None else _place_of(connection, tables, cursor)
    places: list[tuple[int, int, int]] = []
    for run in _runs(connection, tables, view, wanted):
        columns = [run.selected_columns[name] for name in _ORDER]
        if at is not None:
            run = run.where(_beyond(columns, at, ascending=backwards))
        order = columns if backwards else [column.desc() for column in columns]
        rows = connection.execute(run.order_by(*order).limit(page.limit + 1))
        places += [(row.date, row.known_from, row.place) for row in rows]
    places = sorted(set(places), reverse=not backwards)
    chosen = sorted(places[: page.limit], reverse=True)
    return Page(_read(connection, tables, chosen), has_more=len(places) > page.limit)


def all_entries(
    connection: Connection, tables: JournalTables, view: View, book: Book
) -> Iterator[Entry]:
    """All entries of a book in a view, oldest first."""
    numbers = books_of(connection, tables, view)
    entries, store = tables.entries, EntryStore(connection, tables)
    order = [entries.c[name] for name in _ORDER]
    for number in (number for number, each in numbers.items() if each == book):
        query = select(entries).where(entries.c.book == number, *view.visible(entries))
        at: tuple[int, int, int] | None = None
        while True:
            part = query if at is None else query.where(_beyond(order, at, ascending=True))
            placed = store.read(part.order_by(*order).limit(_CHUNK))
            yield from (each.entry for each in placed)
            if len(placed) < _CHUNK:
                break
            last = placed[-1]
            at = (last.entry.posting.date, last.entry.known_from, last.place)


def differences(
    connection: Connection, tables: JournalTables, view: View, since: int
) -> Iterator[tuple[Literal[1, -1], Entry]]:
    """What became known after position ``since`` up to the view's: entries that hold at the one
    and not at the other, with 1 those that began and -1 those that ended; by position."""
    entries, store = tables.entries, EntryStore(connection, tables)
    earlier = View(view.before, since)
    books = list(books_of(connection, tables, view))
    began = [entries.c.known_from > since, *view.visible(entries)]
    ended = [entries.c.known_until.between(since + 1, view.position), *earlier.visible(entries)]
    sign: Literal[1, -1]
    for sign, conditions, column in (
        (-1, ended, entries.c.known_until), (1, began, entries.c.known_from),
    ):  # fmt: skip
        order = (column, entries.c.known_from, entries.c.place)
        query = select(entries).where(entries.c.book.in_(books), *conditions).order_by(*order)
        for placed in store.read(query):
            yield sign, placed.entry


def _runs(
    connection: Connection, tables: JournalTables, view: View, wanted: EntryFilter
) -> Iterator[Select[Any]]:
    """Selections of places, each of which an index has in order, or which are few."""
    entries, lines, slots = tables.entries, tables.lines, tables.slots
    books = list(books_of(connection, tables, view))
    if wanted.ledger_account is not None and wanted.object_id is None and wanted.cause is None:
        query = select(slots.c.slot).where(
            slots.c.ledger_account == wanted.ledger_account, slots.c.book.in_(books)
        )
        if view.currency is not None:
            query = query.where(slots.c.currency == view.currency)
        for slot in connection.execute(query).scalars():
            conditions = [lines.c.slot == slot, *view.visible(lines)]
            if wanted.since is not None:
                conditions.append(lines.c.date >= wanted.since)
            columns = (lines.c[name] for name in _ORDER)
            yield select(*columns).where(*conditions).distinct()
        return
    base = select(*(entries.c[name] for name in _ORDER)).where(*view.visible(entries))
    if wanted.since is not None:
        base = base.where(entries.c.date >= wanted.since)
    if wanted.cause is not None:
        base = base.where(entries.c.cause == wanted.cause)
    base = _of_lines(base, tables, view, wanted)
    if wanted.object_id is not None:
        named = union(
            select(entries.c.known_from, entries.c.place).where(
                entries.c.object_id == wanted.object_id
            ),
            select(lines.c.known_from, lines.c.place).where(lines.c.object_id == wanted.object_id),
        )
        base = base.where(tuple_(entries.c.known_from, entries.c.place).in_(named))
    if wanted.object_id is not None or wanted.cause is not None:
        yield base.where(entries.c.book.in_(books))
        return
    for book in books:
        yield base.where(entries.c.book == book)


def _of_lines(
    query: Select[Any], tables: JournalTables, view: View, wanted: EntryFilter
) -> Select[Any]:
    """Only entries with a line in a currency, and on an account."""
    if view.currency is None and wanted.ledger_account is None:
        return query
    entries, lines, slots = tables.entries, tables.lines, tables.slots
    conditions = [
        lines.c.known_from == entries.c.known_from, lines.c.place == entries.c.place,
        slots.c.slot == lines.c.slot,
    ]  # fmt: skip
    if view.currency is not None:
        conditions.append(slots.c.currency == view.currency)
    if wanted.ledger_account is not None:
        conditions.append(slots.c.ledger_account == wanted.ledger_account)
    return query.where(select(lines.c.line).where(*conditions).exists())


def _place_of(connection: Connection, tables: JournalTables, id: str) -> tuple[int, int, int]:
    entries = tables.entries
    row = connection.execute(
        select(*(entries.c[name] for name in _ORDER)).where(entries.c.id == id)
    ).first()
    if row is None:
        raise UnknownCursor(id)
    return row.date, row.known_from, row.place


def _beyond(
    columns: list[Any], at: tuple[int, int, int], *, ascending: bool
) -> ColumnElement[bool]:
    date, known_from, place = columns
    if ascending:
        return or_(date > at[0], and_(date == at[0], or_(
            known_from > at[1], and_(known_from == at[1], place > at[2]))))  # fmt: skip
    return or_(date < at[0], and_(date == at[0], or_(
        known_from < at[1], and_(known_from == at[1], place < at[2]))))  # fmt: skip


def _read(
    connection: Connection, tables: JournalTables, places: list[tuple[int, int, int]]
) -> list[Entry]:
    entries = tables.entries
    if not places:
        return []
    query = select(entries).where(entries.c.known_from.in_({place[1] for place in places}))
    by_place = {
        (each.entry.known_from, each.place): each.entry
        for each in EntryStore(connection, tables).read(query)
    }
    return [by_place[place[1:]] for place in places]
