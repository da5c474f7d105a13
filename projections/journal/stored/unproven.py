"""Clearing that is not zero: what is not proven yet, since when, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, func, select

from projections.journal.accounts import CLEARING
from projections.journal.entry import Book
from projections.journal.stored.amounts import joined
from projections.journal.stored.tables import JournalTables
from projections.journal.stored.view import View, books_of

__all__ = ["Unproven", "unproven"]

Reason = Literal["no_settlement_leg", "no_commercial_leg", "amounts_differ"]


@dataclass(frozen=True, slots=True)
class Unproven:
    """A clearing account of an object that is not zero; ``since`` is the date of its first line.

    ``commercial`` is what the object's state puts there, ``settlement`` what balance transactions
    do.
    """

    book: Book
    ledger_account: str
    object_id: str
    currency: str
    since: int
    commercial: int
    settlement: int

    @property
    def amount(self) -> int:
        """What is not cleared."""
        return self.commercial + self.settlement

    @property
    def reason(self) -> Reason:
        """Why it is not zero."""
        if not self.settlement:
            return "no_settlement_leg"
        return "amounts_differ" if self.commercial else "no_commercial_leg"


def unproven(
    connection: Connection, tables: JournalTables, view: View, *, is_newest: bool
) -> list[Unproven]:
    """What is not proven in a view, oldest first; ``is_newest``: it is of all that is known."""
    table, slots = tables.unproven, tables.slots
    books = books_of(connection, tables, view)
    chosen = [slots.c.book.in_(list(books)), slots.c.ledger_account.startswith(CLEARING)]
    if view.currency is not None:
        chosen.append(slots.c.currency == view.currency)
    if is_newest and view.before is None:
        query = select(table, slots).join(slots, slots.c.slot == table.c.slot).where(*chosen)
        rows = [
            Unproven(
                books[row.book], row.ledger_account, row.object_id, row.currency, row.since,
                joined(row.commercial_high, row.commercial_low),
                joined(row.settlement_high, row.settlement_low),
            )
            for row in connection.execute(query)
        ]  # fmt: skip
    else:
        rows = _from_lines(connection, tables, view, chosen, books)
    return sorted(rows, key=lambda each: (each.since, each.object_id, each.ledger_account))


def _from_lines(
    connection: Connection,
    tables: JournalTables,
    view: View,
    chosen: Sequence[Any],
    books: dict[int, Book],
) -> list[Unproven]:
    lines, slots = tables.lines, tables.slots
    of = {row.slot: row for row in connection.execute(select(slots).where(*chosen))}
    query = (
        select(
            lines.c.slot, lines.c.object_id, lines.c.settles, func.min(lines.c.date),
            func.sum(lines.c.high), func.sum(lines.c.low),
        )
        .where(lines.c.slot.in_(select(slots.c.slot).where(*chosen)), *view.visible(lines))
        .group_by(lines.c.slot, lines.c.object_id, lines.c.settles)
    )  # fmt: skip
    legs: dict[tuple[int, str], list[tuple[bool, int, int]]] = defaultdict(list)
    for slot, object_id, settles, first, high, low in connection.execute(query):
        legs[slot, object_id].append((bool(settles), first, joined(high, low)))
    rows = []
    for (slot, object_id), its in legs.items():
        row = of[slot]
        commercial, settlement = _sum(its, settles=False), _sum(its, settles=True)
        if commercial + settlement:
            since = min(first for _, first, _ in its)
            rows.append(
                Unproven(books[row.book], row.ledger_account, object_id, row.currency, since,
                         commercial, settlement)
            )  # fmt: skip
    return rows


def _sum(legs: Collection[tuple[bool, int, int]], *, settles: bool) -> int:
    return sum(amount for each, _, amount in legs if each is settles)
