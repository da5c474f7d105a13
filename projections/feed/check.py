"""The check: the feed worked out anew from the log, and compared with the one that serves."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import make_url

from ledger import Log
from ledger.database import read_transaction
from projections.drivers.bulk import Progress
from projections.feed.catalog import FeedCatalog
from projections.feed.follow import read_on
from projections.feed.notification import Notification
from projections.feed.queries import all_of
from projections.tables.engine import engine_at

__all__ = ["FeedDifference", "compare"]


@dataclass(frozen=True, slots=True)
class FeedDifference:
    """A notification that the feed lacks, has too many, or has otherwise than the log gives it."""

    problem: Literal["missing", "unexpected", "differs"]
    notification: Notification


def compare(
    catalog: FeedCatalog, log: Log, progress: Progress | None = None
) -> Iterator[FeedDifference]:
    """Every difference between this version's feed and the log, up to the feed's position.

    Worked out in a file that is deleted afterwards: the live tables are only read.
    """
    with read_transaction(catalog.engine) as connection:
        living = catalog.own(connection)
    if living is None or living.position == 0:
        return
    with tempfile.TemporaryDirectory(prefix="ledger-check-") as directory:
        engine = engine_at(make_url(f"sqlite:///{Path(directory) / 'check.db'}"))
        try:
            scratch = FeedCatalog(engine, catalog.reading, None)
            scratch.create()
            feed, done = scratch.begin(), 0
            while count := read_on(scratch, log, feed, upto=living.position):
                done += count
                if progress is not None:
                    progress("notifications", done, living.position)
            with (
                read_transaction(engine) as expected,
                read_transaction(catalog.engine) as actual,
            ):
                yield from _merged(
                    all_of(expected, scratch.tables(feed.name), living.position),
                    all_of(actual, catalog.tables(living.name), living.position),
                )
        finally:
            engine.dispose()


def _merged(
    expected: Iterator[Notification], actual: Iterator[Notification]
) -> Iterator[FeedDifference]:
    left, right = next(expected, None), next(actual, None)
    while left is not None or right is not None:
        if right is None or (left is not None and _place(left) < _place(right)):
            assert left is not None
            yield FeedDifference("missing", left)
            left = next(expected, None)
        elif left is None or _place(right) < _place(left):
            yield FeedDifference("unexpected", right)
            right = next(actual, None)
        else:
            if left != right:
                yield FeedDifference("differs", right)
            left, right = next(expected, None), next(actual, None)


def _place(notification: Notification) -> tuple[int, int]:
    return notification.position, notification.place
