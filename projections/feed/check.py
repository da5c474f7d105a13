"""The check: the feed worked out anew from the log, and compared with the one that serves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ledger import Log
from ledger.database import read_transaction
from projections.drivers.bulk import Progress
from projections.drivers.generations import worked_out_anew
from projections.feed.batch import FeedBatch
from projections.feed.catalog import FeedCatalog
from projections.feed.notification import Notification
from projections.feed.queries import all_of

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

    The live tables are only read.
    """
    with read_transaction(catalog.engine) as connection:
        living = catalog.own(connection)
    if living is None or living.position == 0:
        return
    upto = living.position
    with (
        worked_out_anew(catalog, log, FeedBatch, "notifications", upto=upto, progress=progress) as (
            expected,
            tables,
        ),
        read_transaction(catalog.engine) as actual,
    ):
        yield from _merged(
            all_of(expected, tables, upto), all_of(actual, catalog.tables(living.name), upto)
        )


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
