"""The feed: every notification of the log, read on from its position and served in its order."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, select

from ledger import Ledger, Log, UnknownCursor
from ledger.database import open_engine, read_transaction
from ledger.listing import Page
from projections.drivers.bulk import Progress
from projections.drivers.generations import follow, rebuild
from projections.facade import Projections
from projections.feed.batch import FeedBatch
from projections.feed.catalog import feed_catalog
from projections.feed.check import FeedDifference, compare
from projections.feed.notification import Notification
from projections.feed.queries import (
    NotificationFilter,
    NotificationPage,
    first_after,
    listed,
    with_id,
)
from projections.feed.reading import FeedReading, condition_types
from projections.feed.rows import known_up_to, rows_of
from projections.feed.tables import FeedTables, notifications_url
from projections.kinds import KINDS
from projections.rows.condition import Condition

__all__ = ["Feed", "notification_types"]

_POOL_SIZE = 5
_ALL = NotificationFilter()
_FIRST_PAGE = NotificationPage()


def notification_types() -> Mapping[str, Condition]:
    """Every type of notification that is declared, with its condition."""
    return condition_types(KINDS.values())


class Feed:
    """The notifications of a ledger; every method raises ``StoreUnavailable`` without a database.

    ``engine`` is that of the file of notifications on SQLite, and of the database on PostgreSQL.
    """

    def __init__(self, engine: Engine, log: Log, projections: Projections) -> None:
        self.engine = engine
        self.log = log
        self.projections = projections
        self.reading = FeedReading.of(projections.kinds.values())
        self._catalog = feed_catalog(engine, self.reading, log)

    @classmethod
    def open(cls, ledger: Ledger, projections: Projections) -> Feed:
        """The feed of a ledger, beside its projections."""
        url = notifications_url(ledger.engine.url)
        engine = open_engine(url, limits=ledger.limits, pool_size=_POOL_SIZE)
        return cls(engine, ledger.log, projections)

    def create(self) -> None:
        """Make the table of feeds; safe from many processes at once."""
        self._catalog.create()

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def follow(self, *, batch: int | None = None) -> int:
        """One round: read on from the feed's position; returns how many events were read.

        A feed whose declarations are new is built beside the one that serves. Any number of
        processes may do this at once: who comes second writes nothing.
        """
        return follow(self._catalog, self.log, FeedBatch, batch=batch)

    def rebuild(self, *, batch: int | None = None, progress: Progress | None = None) -> int:
        """Build the feed anew from the log, and let it serve; returns how many events were read.

        Nothing is handed out again: what was handed out is known by its id.
        """
        name = "notifications"
        return rebuild(self._catalog, self.log, FeedBatch, name, batch=batch, progress=progress)

    def check(self, progress: Progress | None = None) -> Iterator[FeedDifference]:
        """Work the feed out anew from the log and compare; writes nothing."""
        return compare(self._catalog, self.log, progress)

    # Queries

    def position(self) -> int:
        """How far the feed of this version has read; 0 while there is none."""
        return self._catalog.position()

    def counts(self) -> dict[str, int]:
        """How many notifications of each type the feed has."""
        with read_transaction(self.engine) as connection:
            tables = self._shown(connection)
            if tables is None:
                return {}
            rows = connection.execute(select(tables.counts)).mappings()
            # Not `row.count`: that is a method of every row.
            return {row["type"]: row["count"] for row in rows}

    def after(self, position: int, limit: int) -> builtins.list[Notification]:
        """The first notifications after a position of this version's feed, in their order.

        Only whole positions: at least ``limit`` notifications, if there are so many.
        """
        with read_transaction(self.engine) as connection:
            feed = self._catalog.own(connection)
            if feed is None:
                return []
            return first_after(connection, self._catalog.tables(feed.name), position, limit)

    def get(self, id: str) -> Notification | None:
        """A notification by its id."""
        with read_transaction(self.engine) as connection:
            tables = self._shown(connection)
            return None if tables is None else with_id(connection, tables, id)

    def list(
        self, wanted: NotificationFilter = _ALL, page: NotificationPage = _FIRST_PAGE
    ) -> Page[Notification]:
        """Notifications newest first, or upwards from a position; raises ``UnknownCursor``."""
        with read_transaction(self.engine) as connection:
            tables = self._shown(connection)
            if tables is not None:
                return listed(connection, tables, wanted, page)
            if (cursor := page.starting_after or page.ending_before) is not None:
                raise UnknownCursor(cursor)
            return Page([], has_more=False)

    def rows(self, notifications: Sequence[Notification]) -> builtins.list[dict[str, Any] | None]:
        """For each notification its row, as it was known then; raises ``NotReady`` while the
        projections have not read as far."""
        return rows_of(self.projections.finder, notifications)

    def known_up_to(self, notifications: Sequence[Notification]) -> int | None:
        """Up to which position ``rows`` can be asked for notifications that are in order; None:
        for all of them. Raises ``NotReady``."""
        return known_up_to(self.projections.finder, notifications)

    def _shown(self, connection: Connection) -> FeedTables | None:
        feed = self._catalog.shown(connection)
        return None if feed is None else self._catalog.tables(feed.name)
