"""The stored journal is what the walk makes of the log, whatever the batches and the crashes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.database import read_transaction, write_transaction
from projections.bookkeeping import Journal, Report
from projections.journal import accounts
from projections.journal.entry import Book, Entry, Line, Posting
from projections.journal.stored.balances import balances as balances_at
from projections.journal.stored.balances import balances_by_lines
from projections.journal.stored.check import entries_upto
from projections.journal.stored.entries import EntryStore, PlacedEntry
from projections.journal.stored.lists import EntryFilter, EntryPage
from projections.journal.stored.view import View
from tests.journal import hostile
from tests.journal.conftest import Kept
from tests.journal.money import Told, balances, cleared, once, walked
from tests.journal.test_laws import holding, shuffled, told_by
from tests.journal.worked_payments import PAYMENTS
from tests.projections.histories import crashing
from tests.projections.laws import DIALECTS, a_history, law

# A story's dates, and those of nonsense.
DATES = st.none() | st.integers(0, 20) | st.integers(1_690_000_000, 1_790_000_000)
logs = st.one_of(
    st.tuples(a_history(most=2), st.integers(0, 2**32)).map(
        lambda drawn: shuffled(told_by(drawn[0]), Random(drawn[1]))
    ),
    hostile.logs(),
)
batches = st.lists(st.integers(1, 9), min_size=1, max_size=4)


def read_on(journal: Journal, sizes: Sequence[int]) -> None:
    """Follow to the end of the log in batches of some sizes, again and again."""
    while all(journal.follow(batch=size) for size in sizes):
        pass


def stored(journal: Journal) -> list[Entry]:
    """All entries that are stored, in the order of the reference."""
    with journal.report() as report:
        entries = list(entries_upto(report.connection, report.tables, report.position))
    return sorted(entries, key=lambda each: (each.known_from, each.id))


def dated(entries: Iterable[Entry], before: int | None) -> list[Entry]:
    """Those whose money is dated before a time."""
    return [each for each in entries if before is None or each.posting.date < before]


def totals(report: Report, view: View) -> dict[object, int]:
    """The balances of a report that are not zero."""
    return {
        (each.book, each.ledger_account, each.currency): each.balance
        for each in report.trial_balance(view)
        if each.balance
    }


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_journal_is_followed_and_rebuilt_alike(kept_journal: Kept, dialect: str) -> None:
    """Laws 1 to 4 and 7, in any batches, through any crashes, and what every report shows."""

    @law(40 if dialect == "sqlite" else 12)
    @given(
        log=logs,
        sizes=batches,
        crashes=st.lists(st.integers(0, 60), max_size=3),
        before=DATES,
        position=st.integers(0, 60),
    )
    def holds(
        log: list[Told], sizes: list[int], crashes: list[int], before: int | None, position: int
    ) -> None:
        with kept_journal(dialect) as (store, journal):
            store.append([*log, *log[:3]])
            for statement in crashes:
                with crashing(journal.engine, statement):
                    journal.follow(batch=sizes[0])
            read_on(journal, sizes)
            entries = walked(once(log), [])
            assert stored(journal) == entries
            assert list(journal.check()) == []
            reports_are_right(journal, entries, before, min(position, len(once(log))))
            journal.rebuild(batch=7)
            assert stored(journal) == entries

    holds()


def reports_are_right(
    journal: Journal, entries: list[Entry], before: int | None, position: int
) -> None:
    """Every report of a date and position says what the entries say."""
    view = View(before=before, at_position=position)
    shown = dated(holding(entries, position), before)
    with journal.report() as report:
        assert totals(report, view) == balances(each.posting for each in shown)
        summed = report.trial_balance(view)
        assert summed == balances_by_lines(report.connection, report.tables, view)
        _lists_are_right(report, view, shown)
        unproven = {
            (each.ledger_account, each.object_id, each.currency): each.amount
            for book in report.books()
            for each in report.unproven(
                View(before, position, book.account or "self", book.livemode)
            )
        }
        by_book = Counter(each.posting.book for each in shown)
        if len(by_book) < 2:
            assert unproven == cleared(each.posting for each in shown)
        assert set(report.unproven()) == set(report.unproven(View(before=2**40)))
        since = position // 2
        differences = list(report.differences(since, view))
        earlier = dated(holding(entries, since), before)
        assert {entry.id for sign, entry in differences if sign > 0} == (
            {each.id for each in shown} - {each.id for each in earlier}
        )
        assert {entry.id for sign, entry in differences if sign < 0} == (
            {each.id for each in earlier} - {each.id for each in shown}
        )


def _lists_are_right(report: Report, view: View, shown: list[Entry]) -> None:
    assert {each.id for each in _paged(report, view, EntryFilter())} == {e.id for e in shown}
    lines = [(each, line) for each in shown for line in each.posting.lines]
    for wanted, expected in [
        (EntryFilter(ledger_account=line.ledger_account),
         {e.id for e, other in lines if other.ledger_account == line.ledger_account})
        for _, line in lines[:2]
    ] + [
        (EntryFilter(object_id=line.object_id),
         {e.id for e, other in lines
          if line.object_id in (other.object_id, e.posting.object_id)})
        for _, line in lines[-2:]
    ] + [
        (EntryFilter(cause=each.posting.cause),
         {e.id for e in shown if e.posting.cause == each.posting.cause})
        for each in shown[:1]
    ]:  # fmt: skip
        assert {each.id for each in _paged(report, view, wanted)} == expected
    for book in report.books():
        its = list(report.entries_of(book, view))
        assert {each.id for each in its} == {e.id for e in shown if e.posting.book == book}
        assert [each.posting.date for each in its] == sorted(e.posting.date for e in its)


def _paged(report: Report, view: View, wanted: EntryFilter) -> list[Entry]:
    """A list page by page, which backwards is the same."""
    entries: list[Entry] = []
    cursor = None
    while True:
        page = report.entries(view, wanted, EntryPage(limit=3, starting_after=cursor))
        entries += page.items
        if not page.has_more:
            break
        cursor = page.items[-1].id
    if entries:
        before = report.entries(view, wanted, EntryPage(len(entries), None, entries[-1].id))
        assert before.items == entries[:-1] and not before.has_more
    assert [e.posting.date for e in entries] == sorted(
        (e.posting.date for e in entries), reverse=True
    )
    return entries


def test_what_the_sums_say_is_checked(kept_journal: Kept) -> None:
    """A sum, a line or an entry that somebody altered is a difference; a rebuild mends it."""
    log = PAYMENTS[0].log
    for name, change in [("sums", "debit_low"), ("lines", "low"), ("entries", "date")]:
        with kept_journal("sqlite") as (store, journal):
            store.append(log)
            read_on(journal, [50])
            with journal.report() as report:
                table = getattr(report.tables, name)
            with journal.engine.begin() as connection:
                column = table.c[change]
                connection.execute(table.update().values({change: column + 1}))
            assert list(journal.check()) != []
            journal.rebuild()
            assert list(journal.check()) == []


@st.composite
def entries_far_apart(draw: st.DrawFn) -> list[Entry]:
    """Entries whose positions fill blocks of every level, and whose amounts are of any size."""
    entries = []
    for number in range(draw(st.integers(1, 12))):
        amount = draw(st.integers(-(2**70), 2**70).filter(bool))
        known_from = draw(POSITIONS)
        later = draw(st.none() | POSITIONS)
        until = None if later is None else known_from + later
        lines = tuple(
            Line(name, f"ch_{number % 3}", sign * amount, "usd")
            for name, sign in ((accounts.CLEARING_CHARGE, 1), (accounts.SALES, -1))
        )
        date = draw(MOMENTS)
        posting = Posting(
            draw(st.sampled_from([Book(None, True), Book("acct_1", False)])), date, f"ch_{number}",
            "charge", f"evt_{number}", "charge", None, lines,
        )  # fmt: skip
        entries.append(replace(Entry.of(posting, known_from), known_until=until))
    return entries


# About the ends of hours, of days, and of the longest spans.
MOMENTS = st.builds(
    lambda count, seconds, offset: count * seconds + offset,
    st.integers(-3, 3),
    st.sampled_from([1800, 3600, 86_400, 32 * 86_400]),
    st.integers(-1, 1),
)
POSITIONS = st.builds(
    lambda bits, offset: max(1, (1 << bits) + offset),
    st.sampled_from([0, 3, 11, 12, 13, 16, 17, 20, 21]),
    st.integers(-3, 3),
)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_running_sums_are_those_of_the_lines(kept_journal: Kept, dialect: str) -> None:
    """At any position and any date, of amounts of any size; also of entries that ended later."""

    @law(60 if dialect == "sqlite" else 20)
    @given(
        entries=entries_far_apart(),
        position=POSITIONS,
        before=st.none() | MOMENTS,
    )
    def holds(entries: list[Entry], position: int, before: int | None) -> None:
        with kept_journal(dialect) as (store, journal):
            store.append(PAYMENTS[0].log)
            journal.rebuild()
            with journal.report() as report:
                tables = report.tables
            placed = [PlacedEntry(each, 1000 + place) for place, each in enumerate(entries)]
            with write_transaction(journal.engine) as connection:
                for table in (tables.entries, tables.lines, tables.sums, tables.unproven):
                    connection.execute(table.delete())
                written = EntryStore(connection, tables)
                written.write([replace(each, entry=each.entry.as_of(0)) for each in placed], [])
                written.write([], [each for each in placed if each.entry.known_until is not None])
            with read_transaction(journal.engine) as connection:
                view = View(before, position)
                summed = balances_at(connection, tables, view)
                assert summed == balances_by_lines(connection, tables, view)
            expected = balances(each.posting for each in dated(holding(entries, position), before))
            assert {
                (each.book, each.ledger_account, each.currency): each.balance
                for each in summed
                if each.balance
            } == expected

    holds()
