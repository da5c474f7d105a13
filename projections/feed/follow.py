"""Reading a feed on: a batch of the log, walked through and written with the new position."""

from __future__ import annotations

from sqlalchemy import Connection

from ledger import Log
from ledger.database import read_transaction
from projections.drivers.batch import write_batch
from projections.drivers.bulk import without_garbage_collection
from projections.drivers.follow import fitting
from projections.feed.batch import FeedBatch
from projections.feed.catalog import FeedCatalog, KnownFeed

__all__ = ["read_on"]

# Following, and far behind.
_BATCH, _LEAP = 500, 4000


def read_on(
    catalog: FeedCatalog, log: Log, begun: KnownFeed, *, upto: int, batch: int | None = None
) -> int:
    """Read one batch of the events up to a position; returns how many there were.

    ``batch`` bounds it. Where another process was first nothing is written, and the next round
    goes on from there.
    """
    with read_transaction(catalog.engine) as connection:
        feed = catalog.again(connection, begun)
    if feed is None or feed.position >= upto:
        return 0
    behind = upto - feed.position
    count = min(behind, batch or (_LEAP if behind > _LEAP else _BATCH))
    events = log.scan(feed.position, fitting(log, feed.position, feed.position + count))
    if events:
        _read(catalog, feed, FeedBatch(log, catalog.tables(feed.name), events))
    return len(events)


def _read(catalog: FeedCatalog, feed: KnownFeed, events: FeedBatch) -> None:
    with read_transaction(catalog.engine) as connection:
        if catalog.again(connection, feed) != feed:
            return
        with without_garbage_collection():
            prepared = events.prepare(connection)

    def write(connection: Connection, narrowed: bool) -> None:
        if catalog.advance(connection, feed, *events.last):
            events.write(connection, prepared, narrowed=narrowed)

    write_batch(catalog.engine, write)
