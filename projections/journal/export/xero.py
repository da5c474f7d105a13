"""The journal as Xero imports it: manual journals, and the accounts that they name.

A journal of Xero's is in one currency, so an entry in two becomes one in each: it balances in each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from projections.journal.accounts import type_of
from projections.journal.entry import Entry, Line
from projections.journal.exponents import decimal_text
from projections.journal.export.cells import csv_row, text_cell
from projections.journal.export.names import commodity
from projections.journal.export.split import Limits, Splitter
from projections.journal.export.statement import ExportError, Part, Statement, day

__all__ = ["CHART_FILE", "Chart", "xero"]

Chart = Mapping[str, str]
"""Which code a bookkeeper gave to an account of the journal."""

CHART_FILE = "chart-of-accounts.csv"
_JOURNAL = (
    "*Narration", "*Date", "Description", "*AccountCode", "*TaxRate", "*Amount", "TrackingName1",
    "TrackingOption1", "TrackingName2", "TrackingOption2",
)  # fmt: skip
_ACCOUNTS = ("*Code", "*Name", "*Type", "*Tax Code", "Description")
# Xero's help names 300 lines a file.
_LIMITS = Limits(rows=300, bytes=350_000)
_TAX_RATE = "Tax Exempt"
_CODE_CHARACTERS = 10
_TYPES = {
    "asset": "Current Asset",
    "clearing": "Current Asset",
    "suspense": "Current Asset",
    "liability": "Current Liability",
    "income": "Revenue",
    "expense": "Expense",
    "equity": "Equity",
}


def xero(
    statement: Statement,
    entries: Iterable[Entry],
    chart: Chart | None = None,
    tax_rate: str = _TAX_RATE,
) -> Iterator[Part]:
    """Yield the files of journals, by currency, and one of the accounts that they name.

    With a chart, an account that it does not have is an ExportError; without, each gets a code.
    """
    files, codes = Splitter(csv_row(_JOURNAL), _LIMITS), dict[str, str]()
    for entry in statement.checked(entries):
        for line in entry.posting.lines:
            codes.setdefault(line.ledger_account, _code(line.ledger_account, chart))
        for currency in dict.fromkeys(line.currency for line in entry.posting.lines):
            rows = _rows(entry, currency, codes, tax_rate)
            yield from files.add(f"journal-{commodity(currency)}", rows)
    yield from _accounts(codes, tax_rate)


def _code(ledger_account: str, chart: Chart | None) -> str:
    if chart is not None:
        if ledger_account not in chart:
            raise ExportError(f"the chart of accounts has no code for {ledger_account}")
        return chart[ledger_account]
    return hashlib.sha256(ledger_account.encode()).hexdigest()[:_CODE_CHARACTERS]


def _rows(entry: Entry, currency: str, codes: Chart, tax_rate: str) -> list[str]:
    posting = entry.posting
    # One narration and date is one journal: the id keeps two entries of a day apart.
    narration = text_cell(f"{posting.category} {posting.object_id} {entry.id}")
    return [
        csv_row(
            (
                narration, day(posting.date, "%d %b %Y"), _description(line),
                codes[line.ledger_account], tax_rate, decimal_text(line.amount, currency),
                "", "", "", "",
            )
        )
        for line in posting.lines
        if line.currency == currency
    ]  # fmt: skip


def _description(line: Line) -> str:
    return text_cell(f"{line.ledger_account} {line.object_id}")


def _accounts(codes: Chart, tax_rate: str) -> Iterator[Part]:
    if len(set(codes.values())) < len(codes):
        raise ExportError("two accounts have the same code: a chart of accounts tells them apart")
    yield Part(CHART_FILE, csv_row(_ACCOUNTS))
    for name, code in sorted(codes.items()):
        kind = _TYPES[type_of(name)]
        yield Part(CHART_FILE, csv_row((code, text_cell(name), kind, tax_rate, "")))
