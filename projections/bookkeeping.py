"""The journal: the log's money as double entry, read on from its position, and its reports."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect

from ledger import Ledger, Log
from ledger.database import read_transaction
from ledger.listing import Page
from projections.drivers.bulk import Progress
from projections.drivers.generations import follow, rebuild
from projections.errors import NotReady
from projections.journal.accounts import SUSPENSE
from projections.journal.entry import Book, Entry
from projections.journal.reading import JOURNAL
from projections.journal.stored import lists
from projections.journal.stored.balances import Balance, balances, count_lines
from projections.journal.stored.batch import JournalBatch
from projections.journal.stored.check import JournalDifference, compare
from projections.journal.stored.summary import Summary, summaries
from projections.journal.stored.tables import TABLES_VERSION, JournalTables, journal_url
from projections.journal.stored.unproven import Unproven, unproven
from projections.journal.stored.view import View, books_of
from projections.tables.engine import engine_at
from projections.tables.generations import Generation, GenerationCatalog, Names

__all__ = ["BalanceChange", "Journal", "Report"]

# What names the journal of this version's rules, in its tables and in every report.
FINGERPRINT = f"{JOURNAL.fingerprint}{TABLES_VERSION}"

_NAMES = Names(catalog="journals", prefix="journal")
_POOL_SIZE = 5
_EVERYTHING = View()
_ANY = lists.EntryFilter()
_FIRST_PAGE = lists.EntryPage()


@dataclass(frozen=True, slots=True)
class BalanceChange:
    """What another version of the rules makes of a balance."""

    before: Balance | None
    after: Balance | None


@dataclass(frozen=True)
class Report:
    """Reads one journal in one snapshot: ``position`` is how far it has read, ``rules`` whose rules
    it follows."""

    connection: Connection
    tables: JournalTables
    position: int
    rules: str

    def trial_balance(self, view: View = _EVERYTHING) -> list[Balance]:
        """Every balance of a view; raises ``NotReady`` beyond the journal's position."""
        return balances(self.connection, self.tables, view.at(self.position))

    def entries(
        self,
        view: View = _EVERYTHING,
        wanted: lists.EntryFilter = _ANY,
        page: lists.EntryPage = _FIRST_PAGE,
    ) -> Page[Entry]:
        """A page of entries, newest first; raises as above, and ``UnknownCursor``."""
        return lists.listed(self.connection, self.tables, view.at(self.position), wanted, page)

    def entries_of(self, book: Book, view: View = _EVERYTHING) -> Iterator[Entry]:
        """All entries of a book in a view, oldest first; raises as above."""
        return lists.all_entries(self.connection, self.tables, view.at(self.position), book)

    def unproven(self, view: View = _EVERYTHING) -> list[Unproven]:
        """What is not proven in a view, oldest first; raises as above."""
        view = view.at(self.position)
        is_newest = view.at_position == self.position
        return unproven(self.connection, self.tables, view, is_newest=is_newest)

    def differences(self, since: int, view: View = _EVERYTHING) -> Iterator[tuple[int, Entry]]:
        """What became known after a position up to the view's: entries, with 1 or -1."""
        return lists.differences(self.connection, self.tables, view.at(self.position), since)

    def summaries(self, since: int, view: View = _EVERYTHING) -> list[Summary]:
        """The balances at Stripe from a time on until the view's: opening, activity, closing."""
        return summaries(self.connection, self.tables, view.at(self.position), since)

    def entry(self, id: str) -> Entry | None:
        """An entry by its id, whether or not it holds."""
        return lists.with_id(self.connection, self.tables, id)

    @property
    def rules_version(self) -> int | None:
        """The version of the rules; None if they are another version's."""
        return JOURNAL.version if self.rules == FINGERPRINT else None

    def books(self, view: View = _EVERYTHING) -> list[Book]:
        """The books that there are in a view."""
        return list(books_of(self.connection, self.tables, view).values())


class Journal:
    """The journal of a ledger; every method raises ``StoreUnavailable`` without a database.

    ``engine`` is that of the journal's file on SQLite, and of the database on PostgreSQL.
    """

    def __init__(self, engine: Engine, log: Log) -> None:
        self.engine = engine
        self.log = log
        self._catalog = GenerationCatalog(engine, _NAMES, FINGERPRINT, JournalTables, log)

    @classmethod
    def open(cls, ledger: Ledger) -> Journal:
        """The journal of a ledger, beside its log."""
        url = journal_url(ledger.engine.url)
        return cls(engine_at(url, ledger.limits, pool_size=_POOL_SIZE), ledger.log)

    def create(self) -> None:
        """Make the table of journals; safe from many processes at once."""
        self._catalog.create()

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def follow(
        self,
        *,
        batch: int | None = None,
        on_change: Callable[[builtins.list[BalanceChange]], None] | None = None,
    ) -> int:
        """One round: read on from the journal's position; returns how many events were read.

        A journal of other rules is built beside the one that serves, which stays; what it makes of
        the balances is given to ``on_change`` before it serves.
        """

        def compare_rules(begun: Generation) -> None:
            changes = self._changes(begun.name)
            if changes and on_change is not None:
                on_change(changes)

        return follow(
            self._catalog, self.log, JournalBatch, batch=batch, before_serving=compare_rules
        )

    def rebuild(self, *, batch: int | None = None, progress: Progress | None = None) -> int:
        """Build the journal anew from the log, and let it serve; returns how many events were
        read."""
        return rebuild(
            self._catalog, self.log, JournalBatch, "journal", batch=batch, progress=progress
        )

    def check(self, progress: Progress | None = None) -> Iterator[JournalDifference]:
        """Work the journal out anew from the log and compare; writes nothing."""
        return compare(self._catalog, self.log, progress)

    def exists(self) -> bool:
        """Whether there is a table of journals; a file is not made for it."""
        url = self.engine.url
        if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
            return False
        with read_transaction(self.engine) as connection:
            return inspect(connection).has_table(_NAMES.catalog, schema=self._catalog.schema)

    def position(self) -> int:
        """How far the journal of this version has read; 0 while there is none."""
        return self._catalog.position()

    def suspense(self) -> int:
        """How many lines are on the account of what no rule knows."""
        with read_transaction(self.engine) as connection:
            shown = self._catalog.shown(connection)
            if shown is None:
                return 0
            return count_lines(connection, self._catalog.tables(shown.name), SUSPENSE)

    @contextmanager
    def report(self, rules: str | None = None) -> Iterator[Report]:
        """Read the journal that serves, or another one by its rules, in one snapshot.

        Raises ``NotReady`` while there is none.
        """
        with read_transaction(self.engine) as connection:
            if rules is None:
                shown = self._catalog.shown(connection)
            else:
                shown = max(
                    (each for each in self._catalog.all(connection) if each.fingerprint == rules),
                    key=lambda each: (each.served, each.number),
                    default=None,
                )
            if shown is None:
                raise NotReady("there is no such journal yet")
            tables = self._catalog.tables(shown.name)
            yield Report(connection, tables, shown.position, shown.fingerprint)

    def _changes(self, name: str) -> builtins.list[BalanceChange]:
        """What a journal makes of the balances otherwise than the one that serves."""
        with read_transaction(self.engine) as connection:
            serving = self._catalog.serving(connection)
            begun = next(each for each in self._catalog.all(connection) if each.name == name)
            if serving is None or serving.fingerprint == begun.fingerprint:
                return []
            view = View(at_position=min(serving.position, begun.position))
            before, after = (
                {
                    (each.book, each.ledger_account, each.currency): each
                    for each in balances(connection, self._catalog.tables(which.name), view)
                }
                for which in (serving, begun)
            )
        return [
            BalanceChange(before.get(key), after.get(key))
            for key in sorted({**before, **after}, key=str)
            if before.get(key) != after.get(key)
        ]
