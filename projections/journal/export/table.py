"""The journal as CSV of its own: a row for each line of each entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from projections.journal.accounts import type_of
from projections.journal.entry import Entry
from projections.journal.exponents import decimal_text
from projections.journal.export.cells import csv_row, text_cell
from projections.journal.export.statement import Part, Statement, moment

__all__ = ["table"]

_COLUMNS = (
    "entry", "date_utc", "category", "object", "object_id", "cause", "known_from", "ledger_account",
    "type", "line_object_id", "amount", "currency", "debit", "credit",
)  # fmt: skip


def table(statement: Statement, entries: Iterable[Entry]) -> Iterator[Part]:
    """Yield the rows: `amount` is an integer of the minor unit, debit and credit are decimal."""
    yield Part("", csv_row(_COLUMNS))
    for entry in statement.checked(entries):
        yield Part("", "".join(_rows(entry)))


def _rows(entry: Entry) -> Iterator[str]:
    posting = entry.posting
    of_entry = (
        entry.id, moment(posting.date), text_cell(posting.category), text_cell(posting.object),
        text_cell(posting.object_id), text_cell(posting.cause), entry.known_from,
    )  # fmt: skip
    for line in posting.lines:
        size = decimal_text(abs(line.amount), line.currency)
        debit, credit = (size, "") if line.amount >= 0 else ("", size)
        yield csv_row(
            (
                *of_entry, text_cell(line.ledger_account), type_of(line.ledger_account),
                text_cell(line.object_id), line.amount, text_cell(line.currency), debit, credit,
            )
        )  # fmt: skip
