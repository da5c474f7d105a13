"""What moved the balances at Stripe in a span of dates: opening, by category, closing."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace

from sqlalchemy import Connection, and_, func, select

from projections.journal.accounts import is_balance
from projections.journal.entry import Book
from projections.journal.stored.amounts import joined
from projections.journal.stored.balances import balances
from projections.journal.stored.tables import JournalTables
from projections.journal.stored.view import View, books_of

__all__ = ["Summary", "summaries"]

Place = tuple[Book, str, str]


@dataclass(frozen=True, slots=True)
class Summary:
    """A balance at Stripe over some time: ``opening`` and what each category added make
    ``closing``."""

    book: Book
    ledger_account: str
    currency: str
    opening: int
    activity: tuple[tuple[str, int], ...]
    closing: int


def summaries(
    connection: Connection, tables: JournalTables, view: View, since: int
) -> list[Summary]:
    """The balances at Stripe from ``since`` until the view's ``before``, as known at its
    position."""
    opening, closing = (
        Counter(
            {
                (each.book, each.ledger_account, each.currency): each.balance
                for each in balances(connection, tables, of)
                if is_balance(each.ledger_account)
            }
        )
        for of in (replace(view, before=since), view)
    )
    activity = _activity(connection, tables, view, since)
    places = {*opening, *closing, *activity}
    return [
        Summary(*place, opening[place], tuple(sorted(activity[place].items())), closing[place])
        for place in sorted(places, key=lambda each: (str(each[0]), *each[1:]))
    ]


def _activity(
    connection: Connection, tables: JournalTables, view: View, since: int
) -> dict[Place, Counter[str]]:
    lines, slots, entries = tables.lines, tables.slots, tables.entries
    books = books_of(connection, tables, view)
    query = select(slots).where(slots.c.book.in_(list(books)))
    if view.currency is not None:
        query = query.where(slots.c.currency == view.currency)
    activity: dict[Place, Counter[str]] = defaultdict(Counter)
    of_entry = and_(entries.c.known_from == lines.c.known_from, entries.c.place == lines.c.place)
    for slot in connection.execute(query).all():
        if not is_balance(slot.ledger_account):
            continue
        moved = (
            select(entries.c.category, func.sum(lines.c.high), func.sum(lines.c.low))
            .join(entries, of_entry)
            .where(lines.c.slot == slot.slot, lines.c.date >= since, *view.visible(lines))
            .group_by(entries.c.category)
        )
        for category, high, low in connection.execute(moved):
            place = (books[slot.book], slot.ledger_account, slot.currency)
            activity[place][category] += joined(high, low)
    return activity
