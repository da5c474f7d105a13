"""`ledger journal export`: a book of a ledger as other programs read it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from beancount.core.data import Transaction
from beancount.loader import load_string

from api.commands import journal_export
from api.simulator import story
from projections import Journal
from tests.cli.terminal import Terminal
from tests.conftest import WithLedger
from tests.databases import DIALECTS
from tests.journal.money import transactions
from tests.projections.histories import Store

NAME = "order_with_3ds_and_partial_refund"
LATER = "dispute_won_on_appeal"
BOOK = ("--testmode",)


@pytest.fixture(params=DIALECTS)
def sold(request: pytest.FixtureRequest, with_ledger: WithLedger) -> Iterator[Store]:
    """A ledger that heard of an order, and of what moved the balance for it."""
    with with_ledger(request.param) as url:
        store = Store.open(url)
        sale = story(NAME)
        store.append([*sale.events, *transactions(sale)])
        yield store
        store.close()


@pytest.fixture
def terminal(sold: Store) -> Terminal:
    """Runs commands on that ledger."""
    return Terminal(sold.ledger.engine.url.render_as_string(hide_password=False))


def test_beancount_accepts_what_is_exported(terminal: Terminal, tmp_path: Path) -> None:
    """To standard output, or to a file; of an order there are sales, fees and a refund."""
    text = terminal.ok("journal", "export", "--format", "beancount", *BOOK)
    terminal.ok("journal", "export", "--format", "beancount", *BOOK, "-o", "book.beancount")

    entries, errors, _ = load_string(text)
    assert errors == []
    accounts = {each.account for e in entries if isinstance(e, Transaction) for each in e.postings}
    assert {"Income:Sales", "Income:Refunds", "Expenses:Stripe:Processing"} <= accounts
    assert (tmp_path / "book.beancount").read_text("utf-8") == text


@pytest.mark.parametrize("name", ["hledger", "stripe-activity"])
def test_a_closed_month_stays_closed(terminal: Terminal, sold: Store, name: str) -> None:
    """As known at a position it is the same bytes, whatever came later; without it is not."""
    sold.follow()
    position = str(sold.ledger.log.head().position)
    export = ("journal", "export", "--format", name, *BOOK)
    before = terminal.ok(*export, "--at-position", position)
    later = story(LATER)

    sold.deliver([*later.events, *transactions(later)])

    assert terminal.ok(*export, "--at-position", position) == before
    assert terminal.ok(*export) != before


def test_money_of_a_later_date_is_left_out(terminal: Terminal) -> None:
    """From --before on; an offset is understood."""
    export = ("journal", "export", "--format", "csv", *BOOK)
    rows = list(csv.DictReader(io.StringIO(terminal.ok(*export), newline="")))
    last = rows[-1]["date_utc"]

    text = terminal.ok(*export, "--before", f"{last.replace(' ', 'T')}Z")

    earlier = [row for row in rows if row["date_utc"] < last]
    assert 0 < len(earlier) < len(rows)
    assert list(csv.DictReader(io.StringIO(text, newline=""))) == earlier


def test_another_book_is_empty(terminal: Terminal) -> None:
    """Live mode and connected accounts have books of their own."""
    for book in ((), ("--account", "acct_1", *BOOK)):
        text = terminal.ok("journal", "export", "--format", "csv", *book)
        assert len(text.splitlines()) == 1


def test_rows_say_what_the_journal_does_not(terminal: Terminal, sold: Store) -> None:
    """When money becomes available is a balance transaction's own; it is there once followed."""
    export = ("journal", "export", "--format", "stripe-activity", *BOOK)

    def available() -> set[str]:
        rows = csv.DictReader(io.StringIO(terminal.ok(*export), newline=""))
        return {row["available_on_utc"] for row in rows}

    position = str(sold.ledger.log.head().position)
    assert available() == {""}
    # What could be otherwise later is no answer for ever.
    assert terminal.run(*export, "--at-position", position).exit_code == 1
    sold.follow()
    assert "" not in available() != set()


def test_several_files_are_a_directory(terminal: Terminal, tmp_path: Path) -> None:
    """With the codes of a chart, where there is one; to a pipe they are an error."""
    export = ("journal", "export", "--format", "xero", *BOOK)
    terminal.ok(*export, "-o", "first")
    names = {path.name.partition("-")[0] for path in (tmp_path / "first").iterdir()}
    assert names == {"journal", "chart"}

    refused = terminal.run(*export)
    assert refused.exit_code == 2 and "names a new directory" in refused.stderr
    (tmp_path / "chart.csv").write_text("ledger_account,code\nSales,200\n", "utf-8")
    incomplete = terminal.run(*export, "-o", "second", "--chart", "chart.csv")
    assert incomplete.exit_code == 1 and "has no code for" in incomplete.stderr
    (tmp_path / "chart.csv").write_text("account,number\nSales,200\n", "utf-8")
    wrong = terminal.run(*export, "-o", "second", "--chart", "chart.csv")
    assert wrong.exit_code == 2 and "ledger_account and code" in wrong.stderr
    assert not (tmp_path / "second").exists()


def test_a_position_that_is_not_there_yet(terminal: Terminal) -> None:
    """One line says where the log ends."""
    result = terminal.run("journal", "export", "--format", "csv", "--at-position", "1000000")

    assert result.exit_code == 1
    assert "Error: the log ends at " in result.stderr


@pytest.mark.parametrize("name", ["beancount", "csv"])
def test_what_is_stored_is_exported_alike(terminal: Terminal, sold: Store, name: str) -> None:
    """The same bytes from the journal's tables as from the log, at any position."""
    head = sold.ledger.log.head().position
    export = ("journal", "export", "--format", name, *BOOK)
    positions = [("--at-position", str(position)) for position in (0, head // 2, head)]
    worked_out = [terminal.ok(*export, *position) for position in positions]
    journal = Journal.open(sold.ledger)
    journal.create()
    while journal.follow():
        continue
    journal.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal_export, "entries_from_log", None)  # nobody asks it
        assert [terminal.ok(*export, *each) for each in positions[1:]] == worked_out[1:]
    assert terminal.ok(*export, *positions[0]) == worked_out[0]
