"""Which feeds there are, how far each has read, and which one serves."""

from __future__ import annotations

from sqlalchemy import Engine

from ledger import Log
from projections.feed.reading import FeedReading
from projections.feed.tables import FeedTables
from projections.tables.generations import GenerationCatalog, Names

__all__ = ["FeedCatalog", "feed_catalog"]

FeedCatalog = GenerationCatalog[FeedTables]

_NAMES = Names(catalog="notification_feeds", prefix="notifications")


def feed_catalog(engine: Engine, reading: FeedReading, log: Log | None) -> FeedCatalog:
    """The feeds of what is read."""

    def tables(name: str, schema: str | None) -> FeedTables:
        return FeedTables(reading, name, schema)

    return GenerationCatalog(engine, _NAMES, reading.fingerprint, tables, log)
