"""Balances at any position and date, from the running sums and the lines that they leave."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    literal,
    select,
    union_all,
)

from ledger.planning import Aside
from projections.journal.accounts import type_of
from projections.journal.entry import Book
from projections.journal.stored.amounts import joined
from projections.journal.stored.sums import BLOCK, HOUR, pieces
from projections.journal.stored.tables import JournalTables
from projections.journal.stored.view import View, books_of

__all__ = ["Balance", "balances", "balances_by_lines", "count_lines", "wrong_slots"]

Totals = dict[int, list[int]]


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account of a book holds in a currency: debits, and credits, of all its lines."""

    book: Book
    ledger_account: str
    currency: str
    debit: int
    credit: int

    @property
    def type(self) -> str:
        """The type of the account."""
        return type_of(self.ledger_account)

    @property
    def balance(self) -> int:
        """Debits less credits."""
        return self.debit - self.credit


def balances(connection: Connection, tables: JournalTables, view: View) -> list[Balance]:
    """Every balance of a view, by book, account and currency; those of no line are left out."""
    return _balances(connection, tables, view, _from_sums)


def balances_by_lines(connection: Connection, tables: JournalTables, view: View) -> list[Balance]:
    """The same from the lines alone, which takes longer: what the sums are checked by."""
    return _balances(connection, tables, view, _from_lines)


def _balances(
    connection: Connection,
    tables: JournalTables,
    view: View,
    totals_of: Callable[[Connection, JournalTables, View, int], Totals],
) -> list[Balance]:
    result, slots = [], tables.slots
    for number, book in books_of(connection, tables, view).items():
        totals = totals_of(connection, tables, view, number)
        query = select(slots).where(slots.c.book == number)
        if view.currency is not None:
            query = query.where(slots.c.currency == view.currency)
        for row in connection.execute(query):
            debit, credit = totals.get(row.slot, (0, 0))
            if debit or credit:
                result.append(Balance(book, row.ledger_account, row.currency, debit, credit))
    return sorted(
        result,
        key=lambda each: (
            each.book.account or "", not each.book.livemode, each.ledger_account, each.currency
        ),
    )  # fmt: skip


def _from_sums(connection: Connection, tables: JournalTables, view: View, book: int) -> Totals:
    sums = tables.sums
    parts = []
    for piece in pieces(view.position, view.before):
        conditions = [
            sums.c.book == book, sums.c.level == piece.level, sums.c.tier == piece.tier,
            sums.c.block.in_(piece.blocks),
        ]  # fmt: skip
        if piece.first is not None:
            conditions.append(sums.c.span >= piece.first)
        if piece.end is not None:
            conditions.append(sums.c.span < piece.end)
        parts.append(select(sums.c.slot, *_summed(tables)).where(*conditions).group_by(sums.c.slot))
    parts += _left_by_sums(tables, view, book)
    return _added(connection, parts)


def _left_by_sums(tables: JournalTables, view: View, book: int) -> list[Select[Any]]:
    """The lines of less than an hour as of the whole blocks, and those of less than a block."""
    lines = tables.lines
    block = (view.position + 1) // BLOCK * BLOCK
    parts = []
    if view.before is not None and view.before % HOUR:
        of_hour = lines.c.date >= view.before // HOUR * HOUR
        as_of = View(view.before, block - 1)
        parts.append(_of_lines(tables, book, [of_hour, *as_of.visible(lines)], 1))
    dated = [] if view.before is None else [lines.c.date < view.before]
    for column, sign in ((lines.c.known_from, 1), (lines.c.known_until, -1)):
        within = [column.between(block, view.position), *dated]
        parts.append(_of_lines(tables, book, within, sign, by_position=True))
    return parts


def _from_lines(connection: Connection, tables: JournalTables, view: View, book: int) -> Totals:
    return _added(connection, [_of_lines(tables, book, view.visible(tables.lines), 1)])


def count_lines(connection: Connection, tables: JournalTables, ledger_account: str) -> int:
    """How many lines an account has that hold, in all books."""
    lines, slots = tables.lines, tables.slots
    its = select(slots.c.slot).where(slots.c.ledger_account == ledger_account)
    query = select(func.count()).where(lines.c.slot.in_(its), lines.c.known_until.is_(None))
    return connection.execute(query).scalar() or 0


def wrong_slots(connection: Connection, tables: JournalTables) -> set[int]:
    """The slots whose sums, of any level and tier, are not those of all lines that hold."""
    sums = tables.sums
    totals: dict[tuple[int, int], Totals] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    columns = (sums.c.level, sums.c.tier, sums.c.slot)
    query = select(*columns, *_summed(tables)).group_by(*columns)
    for level, tier, *amounts in connection.execute(query):
        _add(totals[level, tier], amounts)
    expected: Totals = defaultdict(lambda: [0, 0])
    for book in connection.execute(select(tables.books.c.book)).scalars():
        holding = [tables.lines.c.known_until.is_(None)]
        expected |= _added(connection, [_of_lines(tables, book, holding, 1)])
    return {
        slot
        for its in totals.values()
        for slot in its.keys() | expected.keys()
        if its[slot] != expected[slot]
    }


def _of_lines(
    tables: JournalTables,
    book: int,
    conditions: Iterable[ColumnElement[bool]],
    sign: int,
    *,
    by_position: bool = False,
) -> Select[Any]:
    lines, slots = tables.lines, tables.slots
    of_book = select(slots.c.slot).where(slots.c.book == book)
    # Lines of few positions are read by these, all others by their slots.
    slot = Aside(lines.c.slot) if by_position else lines.c.slot
    is_debit = lines.c.high >= 0

    def total(column: ColumnElement[int], of: ColumnElement[bool], factor: int) -> Any:
        return func.sum(case((of, column * literal(factor)), else_=0))

    return (
        select(
            lines.c.slot,
            total(lines.c.high, is_debit, sign), total(lines.c.low, is_debit, sign),
            total(lines.c.high, ~is_debit, -sign), total(lines.c.low, ~is_debit, -sign),
        )
        .where(slot.in_(of_book), and_(*conditions))
        .group_by(lines.c.slot)
    )  # fmt: skip


def _added(connection: Connection, parts: Sequence[Select[Any]]) -> Totals:
    totals: Totals = defaultdict(lambda: [0, 0])
    if not parts:
        return totals
    for row in connection.execute(union_all(*parts)):
        _add(totals, row)
    return totals


def _summed(tables: JournalTables) -> list[Any]:
    names = ("debit_high", "debit_low", "credit_high", "credit_low")
    return [func.sum(tables.sums.c[name]) for name in names]


def _add(totals: Totals, row: Sequence[int]) -> None:
    slot, debit_high, debit_low, credit_high, credit_low = row
    totals[slot][0] += joined(debit_high, debit_low)
    totals[slot][1] += joined(credit_high, credit_low)
