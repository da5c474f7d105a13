"""Which feeds there are, how far each has read, and which one serves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, text, update

from ledger import GENESIS, Log
from ledger.database import read_transaction, write_transaction
from ledger.making import making_tables, use_wal
from projections.feed.reading import FeedReading
from projections.feed.tables import FeedTables, feeds_table
from projections.tables.belonging import Belonging, Checkpoint
from projections.tables.engine import lock_catalog, schema_of
from projections.tables.rights import make_schema

__all__ = ["FeedCatalog", "KnownFeed"]


@dataclass(frozen=True, slots=True)
class KnownFeed:
    """A feed's table, and how far it has read; of those that served, ``served`` is greatest for
    the one that does."""

    name: str
    fingerprint: str
    position: int
    chain: bytes
    served: int
    tables: tuple[str, ...]

    @property
    def generation(self) -> int:
        """Which one of its declarations it is, from 1."""
        return int(self.name.rpartition("_")[2])

    @property
    def checkpoint(self) -> Checkpoint:
        """How far it has read, as other tables say it."""
        return Checkpoint(self.position, self.chain, 0)


class FeedCatalog:
    """Makes feeds and moves them; ``log`` None: a check's temporary file, which fits any log."""

    def __init__(self, engine: Engine, reading: FeedReading, log: Log | None) -> None:
        self.engine = engine
        self.reading = reading
        self.schema = schema_of(engine)
        self.belonging = Belonging(log)
        self._feeds = feeds_table(self.schema)
        self._tables: dict[str, FeedTables] = {}

    def create(self) -> None:
        """Make the table of feeds."""
        use_wal(self.engine)
        with making_tables(self.engine) as connection:
            lock_catalog(connection)
            if self.schema is not None:
                make_schema(connection, [self._feeds.name])
            self._feeds.create(connection, checkfirst=True)

    def tables(self, name: str) -> FeedTables:
        """The tables of a feed."""
        if name not in self._tables:
            self._tables[name] = FeedTables(self.reading, name, self.schema)
        return self._tables[name]

    def serving(self, connection: Connection) -> KnownFeed | None:
        """The feed that serves, whatever version's it is."""
        table = self._feeds
        query = select(table).where(table.c.served > 0).order_by(table.c.served.desc()).limit(1)
        row = connection.execute(query).first()
        return None if row is None else _feed(row)

    def own(self, connection: Connection) -> KnownFeed | None:
        """This version's feed that belongs to the log: that which served last, else the newest."""
        fitting = [
            feed
            for feed in self._all(connection)
            if feed.fingerprint == self.reading.fingerprint
            and self.belonging.holds(feed.checkpoint)
        ]
        return max(fitting, key=lambda feed: (feed.served, feed.generation), default=None)

    def again(self, connection: Connection, feed: KnownFeed) -> KnownFeed | None:
        """A feed as it is at this moment; None where it was dropped."""
        query = select(self._feeds).where(self._feeds.c.table_name == feed.name)
        row = connection.execute(query).first()
        return None if row is None else _feed(row)

    def shown(self, connection: Connection) -> KnownFeed | None:
        """The feed to read: this version's once it served, before that whatever serves."""
        own = self.own(connection)
        return own if own is not None and own.served else self.serving(connection) or own

    def begin(self, *, anew: bool = False) -> KnownFeed:
        """Make an empty feed of this version's declarations; unless ``anew``, where there is
        none."""
        with making_tables(self.engine) as connection:
            lock_catalog(connection)
            known = self.own(connection)
            if known is not None and not anew:
                # Another process was first.
                return known
            generations = [
                feed.generation
                for feed in self._all(connection)
                if feed.fingerprint == self.reading.fingerprint
            ]
            generation = 1 + max(generations, default=0)
            tables = self.tables(f"notifications_{self.reading.fingerprint}_{generation}")
            for table in tables.all():
                table.create(connection)
            names_of_tables = tuple(table.name for table in tables.all())
            feed = KnownFeed(tables.name, self.reading.fingerprint, 0, GENESIS, 0, names_of_tables)
            connection.execute(
                insert(self._feeds).values(
                    table_name=feed.name,
                    fingerprint=feed.fingerprint,
                    position=feed.position,
                    chain=feed.chain,
                    served=feed.served,
                    tables=json.dumps(feed.tables),
                )
            )
        return feed

    def advance(self, connection: Connection, feed: KnownFeed, position: int, chain: bytes) -> bool:
        """Compare-and-set a feed's position; False where somebody else moved it."""
        table = self._feeds
        unmoved = (table.c.table_name == feed.name, table.c.position == feed.position)
        statement = update(table).where(*unmoved).values(position=position, chain=chain)
        return connection.execute(statement).rowcount == 1

    def serve(self, name: str) -> bool:
        """Let a feed serve once it knows no less than the one that does; False until then.

        That one stays beside it, for processes of another version; older ones go.
        """
        table = self._feeds
        with write_transaction(self.engine) as connection:
            lock_catalog(connection)
            feeds = {feed.name: feed for feed in self._all(connection)}
            before = max(feeds.values(), key=lambda feed: feed.served)
            # Versions beside each other do not alternate.
            if name not in feeds or feeds[name].served:
                return True
            is_behind = before.served and feeds[name].position < before.position
            if is_behind and self.belonging.holds(before.checkpoint):
                return False
            greatest = select(func.max(table.c.served)).scalar_subquery()
            connection.execute(
                update(table).where(table.c.table_name == name).values(served=greatest + 1)
            )
            for feed in feeds.values():
                # One that never served may still be read on by somebody.
                is_left = (
                    feed.fingerprint == before.fingerprint and feed.generation < before.generation
                )
                if (feed.served or is_left) and feed.name not in (name, before.name):
                    self._drop(connection, feed)
        return True

    def position(self) -> int:
        """How far the feed of this version has read; 0 while there is none."""
        with read_transaction(self.engine) as connection:
            feed = self.own(connection)
        return 0 if feed is None else feed.position

    def _all(self, connection: Connection) -> list[KnownFeed]:
        return [_feed(row) for row in connection.execute(select(self._feeds))]

    def _drop(self, connection: Connection, feed: KnownFeed) -> None:
        prefix = f"{self.schema}." if self.schema else ""
        for table in feed.tables:
            connection.execute(text(f"DROP TABLE IF EXISTS {prefix}{table}"))
        connection.execute(delete(self._feeds).where(self._feeds.c.table_name == feed.name))


def _feed(row: Row[Any]) -> KnownFeed:
    tables = tuple(json.loads(row.tables))
    return KnownFeed(
        row.table_name, row.fingerprint, row.position, bytes(row.chain), row.served, tables
    )
