"""`scripts/bench journal`: following and rebuilding it, and its reports over many entries."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from random import Random
from statistics import median
from typing import Any

from ledger import Ledger
from ledger.database import write_transaction
from projections import Book, Entry, EntryFilter, EntryPage, Journal, Report, View
from projections.journal import accounts
from projections.journal.entry import Line, Posting
from projections.journal.stored.entries import EntryStore, PlacedEntry
from scripts.benchmarks.cache import print_progress, scratch_directory
from scripts.benchmarks.logs import Logs, open_logs

__all__ = ["JournalPlan", "measure_journal"]

_CHUNK = 5_000
_TRIES = 15
_BOOK = Book(None, True)
_CURRENCIES = ("eur", "usd", "gbp", "jpy", "chf")
_START, _DAYS = 1_700_000_000, 730

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class JournalPlan:
    """The options of a run: events in the log, and entries of the reports."""

    events: int
    entries: int
    databases: tuple[str, ...]


def measure_journal(plan: JournalPlan) -> tuple[list[Row], list[str]]:
    """Measure; return the table's rows, and the notes below it."""
    rows = []
    with scratch_directory() as directory:
        for name in plan.databases:
            scratch = directory / name
            scratch.mkdir()
            with open_logs(name, scratch) as logs:
                row = {"database": name}
                if plan.events:
                    print_progress(f"{name}: the journal of {plan.events:,} events")
                    row |= _followed(logs, plan.events)
                print_progress(f"{name}: reports over {plan.entries:,} entries")
                row |= _reports(logs.create_empty(), plan.entries)
            rows.append(row)
    return rows, [
        f"follow and rebuild: events a second, of {plan.events:,}, by one process",
        f"reports: milliseconds at the server, over {plan.entries:,} entries in"
        f" {len(_CURRENCIES)} currencies and {_DAYS} days, written straight into the tables; the"
        f" median of {_TRIES}, at positions and dates by chance",
    ]


@contextmanager
def _opened(url: str) -> Iterator[Journal]:
    ledger = Ledger.open(url, create=True)
    with closing(ledger), closing(Journal.open(ledger)) as journal:
        journal.create()
        yield journal


def _followed(logs: Logs, events: int) -> Row:
    with _opened(logs.copy(logs.log(events))) as journal:
        followed = _seconds(lambda: _follow(journal))
        rebuilt = _seconds(journal.rebuild)
    return {"follow": round(events / followed), "rebuild": round(events / rebuilt)}


def _follow(journal: Journal) -> None:
    while journal.follow(batch=500):
        pass


def _reports(url: str, count: int) -> Row:
    with _opened(url) as journal:
        journal.rebuild()
        written = _seconds(lambda: _fill(journal, count))
        random = Random(1)
        with journal.report() as report:
            report = Report(report.connection, report.tables, count, report.rules)
            return {
                "writes": round(count / written),
                "balance_newest": _milliseconds(report.trial_balance),
                "balance_any": _milliseconds(lambda: report.trial_balance(_view(random, count))),
                "statement": _milliseconds(lambda: _statement(report, View())),
                "statement_any": _milliseconds(lambda: _statement(report, _view(random, count))),
                "entries": _milliseconds(report.entries),
            }


def _view(random: Random, count: int) -> View:
    return View(_START + random.randrange(_DAYS * 86_400), random.randrange(1, count))


def _statement(report: Report, view: View) -> None:
    wanted = EntryFilter(ledger_account=accounts.BALANCE)
    report.entries(view, wanted, EntryPage(100))


def _fill(journal: Journal, count: int) -> None:
    """Entries as live ones are: one at each position, a few hours late by chance; one in fifty of
    them is replaced later."""
    random = Random(2)
    with journal.report() as report:
        tables = report.tables
    for start in range(1, count + 1, _CHUNK):
        placed = [
            PlacedEntry(_entry(random, position, count), 0)
            for position in range(start, min(start + _CHUNK, count + 1))
        ]
        with write_transaction(journal.engine) as connection:
            EntryStore(connection, tables).write(placed, [])


def _entry(random: Random, position: int, count: int) -> Entry:
    date = _START + position * _DAYS * 86_400 // count - random.choice((0, 0, 0, 40_000))
    amount, currency = random.randrange(100, 90_000), random.choice(_CURRENCIES)
    fee, id = amount // 30, f"ch_{position}"
    lines = (
        Line(accounts.BALANCE, id, amount - fee, currency),
        Line(accounts.PROCESSING, id, fee, currency),
        Line(accounts.CLEARING_CHARGE, id, -amount, currency),
    )
    posting = Posting(_BOOK, date, f"txn_{position}", "balance_transaction", f"snap_{position}",
                      "charge", "payments", lines)  # fmt: skip
    entry = Entry.of(posting, position)
    until = position + random.randrange(1, count) if random.random() < 0.02 else None
    return Entry(entry.id, posting, position, until)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _milliseconds(work: Callable[[], object]) -> float:
    return round(1000 * median(_seconds(work) for _ in range(_TRIES)), 1)
