"""The rows of notifications, as they were known then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from projections.errors import NotFound
from projections.feed.notification import Notification
from projections.queries.finder import Finder
from projections.queries.selector import RowSelector
from projections.rows.kind import Kind
from projections.tables.catalog import Catalog
from projections.tables.live import live_rows, retried

__all__ = ["rows_of"]

Row = dict[str, Any]


def rows_of(finder: Finder, notifications: Sequence[Notification]) -> list[Row | None]:
    """For each notification its row as it was known at its position.

    Most rows were not touched since, and are read together; the others are folded from the log.
    Raises ``NotReady`` while the projections have not read as far.
    """
    by_kind: dict[str, list[Notification]] = defaultdict(list)
    for notification in notifications:
        by_kind[notification.kind].append(notification)
    rows: dict[str, Row | None] = {}
    for name, its in by_kind.items():
        living = _living(finder.catalog, finder.kinds[name], its)
        for each in its:
            row = living.get(each.row)
            is_unchanged = row is not None and row["position"] == each.position
            rows[each.id] = row if is_unchanged else _as_known(finder, each)
    return [rows[each.id] for each in notifications]


def _living(
    catalog: Catalog, kind: Kind, notifications: Iterable[Notification]
) -> Mapping[bytes, Row]:
    """The live rows, by their keys."""
    keys = {each.row for each in notifications}

    def query() -> dict[bytes, Row]:
        with live_rows(catalog, kind) as live:
            table = live.rows
            rows = live.connection.execute(select(table).where(table.c.row_key.in_(keys)))
            return {bytes(row["row_key"]): live.shown(row) for row in rows.mappings()}

    return retried(query)


def _as_known(finder: Finder, notification: Notification) -> Row | None:
    """The row folded from the log; None where it was part of another one by then."""
    selector = RowSelector(
        account=notification.account,
        livemode=notification.livemode,
        at_position=notification.position,
    )
    try:
        row = finder.get(notification.kind, notification.object_id, selector).row
    except NotFound:
        return None
    return dict(row)
