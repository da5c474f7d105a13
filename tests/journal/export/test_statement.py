"""An export is of what its statement says, and of nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from projections.journal.entry import Book, Entry
from projections.journal.export.balances import AccountCurrency
from projections.journal.export.beancount import beancount
from projections.journal.export.formats import FORMATS, Extras
from projections.journal.export.hledger import hledger
from projections.journal.export.statement import ExportError, Statement
from tests.journal.export.entries import BEGIN, BOOK, STATEMENT, joined, many_entries

ENTRIES = list(many_entries(40))
LAST = ENTRIES[-1]
TOO_EARLY = LAST.known_from - 1


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("entries", "statement"),
    [
        pytest.param(ENTRIES, replace(STATEMENT, at_position=TOO_EARLY), id="not known yet"),
        pytest.param(ENTRIES, replace(STATEMENT, before=LAST.posting.date), id="later money"),
        pytest.param([replace(LAST, known_until=50)], STATEMENT, id="replaced"),
        pytest.param(ENTRIES, replace(STATEMENT, book=Book(None, True)), id="another account"),
        pytest.param(ENTRIES, replace(STATEMENT, book=Book(BOOK.account, False)), id="test mode"),
        pytest.param(ENTRIES[::-1], STATEMENT, id="newest first"),
    ],
)
def test_no_format_takes_entries_of_another_statement(
    name: str, entries: list[Entry], statement: Statement
) -> None:
    """Of another book, date or position, or not in order: an error, and no file that is wrong."""
    with pytest.raises(ExportError):
        list(FORMATS[name].write(statement, entries, Extras()))


@pytest.mark.parametrize("name", FORMATS)
def test_what_just_belongs_is_taken(name: str) -> None:
    """At the position at which the last one is known, a second after it, before it is replaced."""
    statement = replace(STATEMENT, at_position=LAST.known_from, before=LAST.posting.date + 1)
    entries = [*ENTRIES[:-1], replace(LAST, known_until=LAST.known_from + 1)]

    files = joined(FORMATS[name].write(statement, entries, Extras()))

    assert any(files.values())


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_a_file_of_nothing(name: str) -> None:
    """A book without entries: no error, and no amount."""
    texts = joined(FORMATS[name].write(STATEMENT, [], Extras())).values()

    assert not [text for text in texts if " EUR" in text]


def test_the_file_says_what_it_is_of() -> None:
    """The account, the mode, both times and the version of the rules stand at the top."""
    statement = replace(STATEMENT, before=BEGIN + 1_000_000)
    first = {
        next(iter(write(statement, [])))[1].splitlines()[0] for write in (beancount, hledger)
    }  # fmt: skip

    title = (
        "Journal of acct_1Nx, live mode, money before 2026-01-12 13:46:40 UTC,"
        " as known at position 100000; rules 1"
    )
    assert first == {f'option "title" "{title}"', f"; {title}"}


def test_a_trial_balance_is_stated_in_place_of_the_sums() -> None:
    """So the readers compare what was stored as balances with what was stored as entries."""
    stated = {AccountCurrency("Sales", "eur"): 4_200}
    extras = Extras(trial_balance=stated)

    beans = joined(FORMATS["beancount"].write(STATEMENT, ENTRIES, extras))[""]
    ledger = joined(FORMATS["hledger"].write(STATEMENT, ENTRIES, extras))[""]

    assert "balance Income:Sales  42.00 ~ 0 EUR" in beans
    assert "    Income:Sales  0.00 EUR = 42.00 EUR" in ledger
