"""What the rules post of whole stories, exported: the readers accept it, and it adds up."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from random import Random

from beancount.loader import load_string
from hypothesis import given

from projections.journal import accounts
from projections.journal.entry import Entry
from projections.journal.export.beancount import beancount
from projections.journal.export.statement import Statement
from projections.journal.export.stripe_reports import activity, payouts
from tests.journal.export.entries import joined
from tests.journal.money import Told, journal
from tests.journal.test_laws import SEEDS, shuffled, told_by
from tests.projections.laws import History, a_history, law


def statements(log: list[Told]) -> Iterator[tuple[Statement, list[Entry]]]:
    """Each book of a log, with its entries, oldest first."""
    entries = [Entry.of(posting, 1) for posting in journal(log)]
    for book in {entry.posting.book for entry in entries}:
        own = [entry for entry in entries if entry.posting.book == book]
        own.sort(key=lambda entry: (entry.posting.date, entry.id))
        yield Statement(book, at_position=1, before=None, rules_version=1), own


@given(a_history(most=2), SEEDS)
@law(25)
def test_beancount_accepts_the_journal_of_any_story(history: History, seed: int) -> None:
    """Whatever of it came."""
    for statement, entries in statements(shuffled(told_by(history), Random(seed))):
        _, errors, _ = load_string(joined(beancount(statement, entries))[""])

        assert errors == []


@given(a_history(most=2), SEEDS)
@law(40)
def test_stripes_reports_add_up_to_the_balance(history: History, seed: int) -> None:
    """Activity less payouts is what the journal has on the balance, in each currency."""
    for statement, entries in statements(shuffled(told_by(history), Random(seed))):
        totals = Counter[str]()
        for write, sign in ((activity, 1), (payouts, -1)):
            text = joined(write(statement, entries))[""]
            for row in csv.DictReader(io.StringIO(text, newline="")):
                gross, fee, net = (Decimal(row[name]) for name in ("gross", "fee", "net"))
                assert gross - fee == net
                totals[row["currency"]] += sign * int(row["net"].replace(".", ""))

        held = Counter[str]()
        for entry in entries:
            for line in entry.posting.lines:
                if accounts.is_balance(line.ledger_account):
                    held[line.currency] += line.amount
        assert {c: n for c, n in totals.items() if n} == {c: n for c, n in held.items() if n}
