"""The feed's tables: notifications, and what following needs, named by fingerprint."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import URL, Boolean, Column, Index, LargeBinary, MetaData, Table

from ledger.columns import EXACT, INTEGER
from projections.feed.reading import FeedReading
from projections.tables.engine import beside
from projections.tables.schema import StoreTables

__all__ = ["FeedTables", "notifications_url"]


def notifications_url(log: URL) -> URL:
    """Where notifications, and what became of them, are stored.

    On SQLite ``ledger.db`` → ``ledger.notifications.db``: a handler that writes must not hold up an
    append. On PostgreSQL the same database.
    """
    return beside(log, "notifications")


@dataclass(frozen=True)
class FeedTables:
    """One feed's tables under one name."""

    reading: FeedReading
    name: str
    schema: str | None

    @cached_property
    def metadata(self) -> MetaData:
        """Only the notifications, their counts and the marks."""
        return MetaData(schema=self.schema)

    @cached_property
    def notifications(self) -> Table:
        """The notifications, in the order of the fields of ``Notification``."""
        table = Table(
            self.name,
            self.metadata,
            Column("id", EXACT, nullable=False),
            Column("type", EXACT, nullable=False),
            Column("kind", EXACT, nullable=False),
            Column("object_id", EXACT, nullable=False),
            Column("account", EXACT),
            Column("livemode", Boolean, nullable=False),
            Column("position", INTEGER, primary_key=True, autoincrement=False),
            Column("place", INTEGER, primary_key=True, autoincrement=False),
            Column("ordinal", INTEGER, nullable=False),
            Column("late", Boolean, nullable=False),
            Column("holds", Boolean, nullable=False),
            Column("cause_event", EXACT, nullable=False),
            Column("cause_type", EXACT, nullable=False),
            Column("cause_created", INTEGER, nullable=False),
            Column("cause_position", INTEGER, nullable=False),
            Column("row_key", LargeBinary, nullable=False),
            Column("source", EXACT, nullable=False),
            Column("created", INTEGER, nullable=False),
            Column("received_at", INTEGER, nullable=False),
            Column("is_first", Boolean, nullable=False),
            Column("object_created", INTEGER),
            sqlite_with_rowid=False,
        )
        columns = table.c
        Index(f"{self.name}_id", columns.id, unique=True)
        for name in ("type", "object_id", "account", "cause_created"):
            Index(f"{self.name}_{name}", columns[name], columns.position, columns.place)
        return table

    @cached_property
    def marks(self) -> Table:
        """How often the conditions of each row have risen."""
        return Table(
            f"{self.name}_marks",
            self.metadata,
            Column("row_key", LargeBinary, primary_key=True),
            Column("content", LargeBinary, nullable=False),
            sqlite_with_rowid=False,
        )

    @cached_property
    def counts(self) -> Table:
        """How many notifications of each type there are: to count them takes long."""
        return Table(
            f"{self.name}_counts",
            self.metadata,
            Column("type", EXACT, primary_key=True),
            Column("count", INTEGER, nullable=False),
            sqlite_with_rowid=False,
        )

    @cached_property
    def stores(self) -> tuple[StoreTables, ...]:
        """The states of each family as of the feed's position."""
        return tuple(
            StoreTables(family, f"{self.name}_{family.name}", self.schema)
            for family in self.reading.families
        )

    def all(self) -> list[Table]:
        """All of them."""
        tables = [self.notifications, self.marks, self.counts]
        return [*tables, *(table for store in self.stores for table in store.all())]
