"""The journal as QuickBooks takes a bank's statement: what one account gained and lost.

The account is Stripe's balance, unless another is named. Each entry is a row for each account that
it moved money from or to, so that fees can be booked apart from what they were taken from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from projections.journal.accounts import BALANCE
from projections.journal.entry import Entry
from projections.journal.exponents import decimal_text
from projections.journal.export.cells import csv_row, text_cell
from projections.journal.export.names import commodity
from projections.journal.export.split import Limits, Splitter
from projections.journal.export.statement import Part, Statement, day

__all__ = ["quickbooks"]

_COLUMNS = ("Date", "Description", "Amount")
_LIMITS = Limits(rows=999, bytes=350_000)  # 1,000 with the head


def quickbooks(
    statement: Statement, entries: Iterable[Entry], ledger_account: str = BALANCE
) -> Iterator[Part]:
    """Yield the files, by currency. The amounts of a currency sum to the account's balance."""
    files = Splitter(csv_row(_COLUMNS), _LIMITS)
    for entry in statement.checked(entries):
        for (currency, contra), amount in _moves(entry, ledger_account).items():
            row = csv_row(
                (
                    day(entry.posting.date, "%d/%m/%Y"), _description(entry, contra),
                    decimal_text(amount, currency),
                )
            )  # fmt: skip
            yield from files.add(f"bank-{commodity(currency)}", [row])


def _moves(entry: Entry, ledger_account: str) -> dict[tuple[str, str], int]:
    """What the account gained from each other one, by currency; without zeros: it takes none."""
    lines = entry.posting.lines
    currencies = {line.currency for line in lines if line.ledger_account == ledger_account}
    moves: dict[tuple[str, str], int] = defaultdict(int)
    for line in lines:
        if line.currency in currencies and line.ledger_account != ledger_account:
            moves[line.currency, line.ledger_account] -= line.amount
    return {key: amount for key, amount in moves.items() if amount}


def _description(entry: Entry, contra: str) -> str:
    posting = entry.posting
    return text_cell(f"{posting.category} {contra} {posting.object_id}")
