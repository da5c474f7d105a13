"""The journal's tables: entries and lines, running sums, what is not cleared, and components."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import URL, Boolean, Column, Index, MetaData, Table, UniqueConstraint

from ledger.columns import EXACT, INTEGER
from projections.tables.engine import beside

__all__ = ["TABLES_VERSION", "JournalTables", "journal_url"]

# The version of these tables, which no rule shows: raising it builds the journal anew.
TABLES_VERSION = 1


def journal_url(log: URL) -> URL:
    """Where the journal of a log is: on SQLite in a file of its own, whose writer nobody waits
    for; on PostgreSQL in the same database."""
    return beside(log, "journal")


@dataclass(frozen=True)
class JournalTables:
    """The tables of one journal under one name."""

    name: str
    schema: str | None

    @cached_property
    def metadata(self) -> MetaData:
        """Only this journal's tables."""
        return MetaData(schema=self.schema)

    @cached_property
    def entries(self) -> Table:
        """The entries by the position from which on they are known, and their place in it."""
        table = Table(
            self.name,
            self.metadata,
            _key("known_from"),
            _key("place"),
            Column("id", EXACT, nullable=False),
            Column("book", INTEGER, nullable=False),
            Column("date", INTEGER, nullable=False),
            Column("object", EXACT, nullable=False),
            Column("object_id", EXACT, nullable=False),
            Column("cause", EXACT, nullable=False),
            Column("category", EXACT, nullable=False),
            Column("balance_type", EXACT),
            Column("known_until", INTEGER),
            sqlite_with_rowid=False,
        )
        columns = table.c
        place = (columns.known_from, columns.place)
        Index(f"{self.name}_id", columns.id, unique=True)
        Index(f"{self.name}_date", columns.book, columns.date, *place)
        Index(f"{self.name}_object", columns.object_id)
        Index(f"{self.name}_cause", columns.cause)
        _ended(self.name, table)
        return table

    @cached_property
    def lines(self) -> Table:
        """The lines of the entries, with what a report narrows them by."""
        name = f"{self.name}_lines"
        table = Table(
            name,
            self.metadata,
            _key("known_from"),
            _key("place"),
            _key("line"),
            Column("slot", INTEGER, nullable=False),
            Column("object_id", EXACT, nullable=False),
            Column("high", INTEGER, nullable=False),
            Column("low", INTEGER, nullable=False),
            # Whether it is of a settlement: of a balance transaction.
            Column("settles", Boolean, nullable=False),
            Column("date", INTEGER, nullable=False),
            Column("known_until", INTEGER),
            sqlite_with_rowid=False,
        )
        columns = table.c
        place = (columns.known_from, columns.place)
        Index(f"{name}_date", columns.slot, columns.date, *place)
        Index(f"{name}_object", columns.object_id)
        _ended(name, table)
        return table

    @cached_property
    def books(self) -> Table:
        """The books, numbered; the account is empty for the ledger's own: a key holds no null."""
        return Table(
            f"{self.name}_books",
            self.metadata,
            _key("book"),
            Column("account", EXACT, nullable=False),
            Column("livemode", Boolean, nullable=False),
            UniqueConstraint("account", "livemode"),
        )

    @cached_property
    def slots(self) -> Table:
        """What has a balance, numbered: an account of a book in a currency."""
        return Table(
            f"{self.name}_slots",
            self.metadata,
            _key("slot"),
            Column("book", INTEGER, nullable=False),
            Column("ledger_account", EXACT, nullable=False),
            Column("currency", EXACT, nullable=False),
            UniqueConstraint("ledger_account", "currency", "book"),
            Index(f"{self.name}_slots_book", "book"),
        )

    @cached_property
    def sums(self) -> Table:
        """What the positions of a block added to each slot in a span of dates (``sums.py``)."""
        return Table(
            f"{self.name}_sums",
            self.metadata,
            *map(_key, ("book", "level", "tier", "block", "span", "slot")),
            *(Column(name, INTEGER, nullable=False)
              for name in ("debit_high", "debit_low", "credit_high", "credit_low")),
            sqlite_with_rowid=False,
        )  # fmt: skip

    @cached_property
    def unproven(self) -> Table:
        """The clearing accounts of objects that are not zero: by how much, by leg, since when."""
        table = Table(
            f"{self.name}_unproven",
            self.metadata,
            _key("slot"),
            Column("object_id", EXACT, primary_key=True),
            Column("since", INTEGER, nullable=False),
            *(Column(name, INTEGER, nullable=False)
              for name in ("commercial_high", "commercial_low",
                           "settlement_high", "settlement_low")),
            sqlite_with_rowid=False,
        )  # fmt: skip
        Index(f"{table.name}_since", table.c.since)
        return table

    @cached_property
    def members(self) -> Table:
        """Every object that was seen or linked to, and the component it is in."""
        return Table(
            f"{self.name}_members",
            self.metadata,
            *(Column(name, EXACT, primary_key=True) for name in ("id", "object", "account")),
            Column("livemode", Boolean, primary_key=True),
            Column("component", INTEGER, nullable=False),
            Index(f"{self.name}_members_component", "component"),
            sqlite_with_rowid=False,
        )

    def all(self) -> list[Table]:
        """All of them."""
        return [
            self.entries, self.lines, self.books, self.slots, self.sums, self.unproven,
            self.members,
        ]  # fmt: skip


def _key(name: str) -> Column[int]:
    return Column(name, INTEGER, primary_key=True, autoincrement=False)


def _ended(name: str, table: Table) -> None:
    """The few that ended, by when."""
    until = table.c.known_until
    only = until.is_not(None)
    Index(f"{name}_until", until, sqlite_where=only, postgresql_where=only)
