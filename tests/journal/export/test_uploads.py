"""Xero's and QuickBooks' files: small enough, whole, and they sum to what the journal says."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given, settings

from projections.journal import accounts
from projections.journal.entry import Entry
from projections.journal.exponents import decimal_text
from projections.journal.export.names import commodity
from projections.journal.export.quickbooks import quickbooks
from projections.journal.export.split import Limits, Splitter
from projections.journal.export.statement import ExportError
from projections.journal.export.xero import CHART_FILE, xero
from tests.journal.export.entries import (
    STATEMENT,
    entry_lines,
    hostile_entries,
    joined,
)

MANY = 2_500
ROWS_MAX, BYTES_MAX = 1_000, 350_000


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def sums(entries: list[Entry], *, ledger_account: str | None = None) -> dict[str, Decimal]:
    """What one account comes to, or what all debits do, by the name of the currency."""
    amounts: dict[str, int] = defaultdict(int)
    for entry in entries:
        for line in entry.posting.lines:
            if ledger_account is None:
                amounts[line.currency] += max(line.amount, 0)
            elif line.ledger_account == ledger_account:
                amounts[line.currency] += line.amount
    return {
        commodity(currency): Decimal(decimal_text(amount, currency))
        for currency, amount in amounts.items()
        if amount
    }


@pytest.mark.parametrize("write", [xero, quickbooks])
def test_no_file_is_larger_than_what_is_taken(write: type) -> None:
    """1,000 rows with the head, 350 KB; there are as many files as that needs."""
    (entry,) = entry_lines((accounts.BALANCE, 970), (accounts.OTHER, 30), (accounts.SALES, -1_000))
    files = joined(write(STATEMENT, [entry] * MANY))

    assert sum(len(rows(text)) - 1 for text in files.values()) >= 2 * MANY
    assert max(len(rows(text)) for text in files.values()) <= ROWS_MAX
    assert max(len(text.encode()) for text in files.values()) <= BYTES_MAX


@settings(max_examples=50, deadline=None)
@given(hostile_entries())
def test_xeros_journals_balance_and_lose_nothing(entries: list[Entry]) -> None:
    """Rows of one narration and date sum to zero, in one file; all debits are there."""
    files = joined(xero(STATEMENT, entries))
    chart = files.pop(CHART_FILE)
    codes = [row[0] for row in rows(chart)[1:]]
    debits: dict[str, Decimal] = defaultdict(Decimal)
    for name, text in files.items():
        journals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for narration, date, _, code, _, amount, *_ in rows(text)[1:]:
            assert code in codes and len(code) <= 10
            journals[narration, date] += Decimal(amount)
            debits[name.removeprefix("journal-").rpartition("-")[0]] += max(
                Decimal(), Decimal(amount)
            )
        assert set(journals.values()) <= {0}

    assert {name: total for name, total in debits.items() if total} == sums(entries)


@settings(max_examples=50, deadline=None)
@given(hostile_entries())
def test_quickbooks_rows_sum_to_the_account(entries: list[Entry]) -> None:
    """What the rows of a currency come to is what Stripe's balance does; none is zero."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for name, text in joined(quickbooks(STATEMENT, entries)).items():
        for _, _, amount in rows(text)[1:]:
            assert Decimal(amount)
            totals[name.removeprefix("bank-").rpartition("-")[0]] += Decimal(amount)

    expected = sums(entries, ledger_account=accounts.BALANCE)
    assert {name: total for name, total in totals.items() if total} == expected


def test_quickbooks_has_a_row_for_a_fee() -> None:
    """So that it can be booked apart from the sale that it was taken from; days come first."""
    lines = entry_lines(
        (accounts.BALANCE, 970), (accounts.PROCESSING, 30), (accounts.CLEARING_CHARGE, -1_000)
    )
    files = joined(quickbooks(STATEMENT, lines))

    assert rows(files["bank-EUR-001.csv"]) == [
        ["Date", "Description", "Amount"],
        ["31/01/2026", "charge Stripe:Processing ch_000001", "-0.30"],
        ["31/01/2026", "charge Clearing:Charge ch_000001", "10.00"],
    ]


def test_xero_has_the_codes_of_a_chart() -> None:
    """A bookkeeper's own codes, or an error that names the account which has none."""
    entries = entry_lines((accounts.BALANCE, 970), (accounts.CLEARING_CHARGE, -970))
    chart = {accounts.BALANCE: "610", accounts.CLEARING_CHARGE: "611"}

    files = joined(xero(STATEMENT, entries, chart))

    narration = f"charge ch_000001 {entries[0].id}"
    assert rows(files["journal-EUR-001.csv"])[1:] == [
        [narration, "31 Jan 2026", "Stripe:Balance ch_000001", "610", "Tax Exempt", "9.70"]
        + [""] * 4,
        [narration, "31 Jan 2026", "Clearing:Charge ch_000001", "611", "Tax Exempt", "-9.70"]
        + [""] * 4,
    ]
    with pytest.raises(ExportError, match="no code for Clearing:Charge"):
        list(xero(STATEMENT, entries, {accounts.BALANCE: "610"}))
    with pytest.raises(ExportError, match="the same code"):
        list(xero(STATEMENT, entries, dict.fromkeys(chart, "610")))


def test_a_group_is_never_cut() -> None:
    """It goes to the next file; one that fits into none is an error."""
    files = Splitter("h\n", Limits(rows=3, bytes=20))

    def added() -> Iterator[tuple[str, str]]:
        for group in (["a\n", "b\n"], ["c\n", "d\n"], ["e" * 14 + "\n"], ["f\n"]):
            yield from files.add("x", group)

    assert joined(added()) == {
        "x-001.csv": "h\na\nb\n",
        "x-002.csv": "h\nc\nd\n",
        "x-003.csv": "h\n" + "e" * 14 + "\nf\n",
    }
    with pytest.raises(ExportError):
        list(files.add("x", ["g\n"] * 4))
    with pytest.raises(ExportError):
        list(files.add("x", ["h" * 19 + "\n"]))
