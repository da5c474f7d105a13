"""The rows of notifications, as they were known then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from ledger import RecordedEvent
from projections.errors import NotFound, NotReady
from projections.feed.notification import Notification
from projections.objects.decode import reader
from projections.objects.observation import Key, Observation, Scope
from projections.queries.finder import Finder
from projections.queries.history import row_at
from projections.rows.batch import Read
from projections.rows.components import linked_keys
from projections.rows.kind import Kind
from projections.tables.live import LiveRows, all_live_rows, live_rows, retried

__all__ = ["known_up_to", "rows_of"]

Row = dict[str, Any]


def known_up_to(finder: Finder, notifications: Sequence[Notification]) -> int | None:
    """Up to which position the projections know the rows of notifications that are in order; None:
    all of them. Raises ``NotReady`` where they are of another log."""

    def query() -> Mapping[str, int]:
        names = {each.kind for each in notifications}
        with all_live_rows(finder.catalog, [finder.kinds[name] for name in names]) as lives:
            return {live.kind.name: live.position for live in lives}

    positions = retried(query)
    for each in notifications:
        if positions.get(each.kind, 0) < each.position:
            return each.position - 1
    return None


def rows_of(finder: Finder, notifications: Sequence[Notification]) -> list[Row | None]:
    """For each notification its row as it was known at its position.

    Rows that were not touched since are read; the others are folded from the log. None where the
    log says nothing of it any more. Raises ``NotReady`` while the projections are behind.
    """
    by_kind: dict[str, list[Notification]] = defaultdict(list)
    for notification in notifications:
        by_kind[notification.kind].append(notification)
    rows: dict[str, Row | None] = {}
    for name, its in by_kind.items():
        kind = finder.kinds[name]

        def query(kind: Kind = kind, its: list[Notification] = its) -> dict[str, Row | None]:
            with live_rows(finder.catalog, kind) as live:
                return _rows_of_kind(finder, live, its)

        rows |= retried(query)
    return [rows[each.id] for each in notifications]


def _rows_of_kind(
    finder: Finder, live: LiveRows, notifications: Sequence[Notification]
) -> dict[str, Row | None]:
    newest = max(each.position for each in notifications)
    if live.position < newest:
        raise NotReady(f"{live.kind.name} have not read up to position {newest} yet")
    living = _living(live, notifications)
    rows: dict[str, Row | None] = {}
    changed = []
    for each in notifications:
        row = living.get(each.row)
        if row is not None and row["position"] == each.position:
            rows[each.id] = row
        else:
            changed.append(each)
    return rows | _folded(finder, live, changed) if changed else rows


def _living(live: LiveRows, notifications: Iterable[Notification]) -> Mapping[bytes, Row]:
    """The live rows, by their keys."""
    table, keys = live.rows, {each.row for each in notifications}
    rows = live.connection.execute(select(table).where(table.c.row_key.in_(keys)))
    return {bytes(row["row_key"]): live.shown(row) for row in rows.mappings()}


def _folded(
    finder: Finder, live: LiveRows, notifications: Sequence[Notification]
) -> dict[str, Row | None]:
    """The rows folded from the log, whose events are read together."""
    objects = live.kind.objects
    components = live.components_of_ids({each.object_id for each in notifications})
    linked = {
        each.id: {
            key
            for component in components.get(each.object_id, ())
            for key in linked_keys(objects, component.states, each.object_id)
            if key.scope == Scope(each.account, each.livemode)
        }
        for each in notifications
    }
    streams = {key.uuid for keys in linked.values() for key in keys}
    newest = max(each.position for each in notifications)
    read = _reading_once(reader(objects))
    events: dict[Key, list[RecordedEvent]] = defaultdict(list)
    for event in finder.log.streams(streams, upto=newest):
        # An event's own object comes first: its stream is the event's.
        for observation in read(event)[:1]:
            events[observation.key].append(event)
    return {
        each.id: _row_at(
            live.kind,
            [event for key in linked[each.id] for event in events[key]],
            each,
            read,
        )
        for each in notifications
    }


def _reading_once(read: Read) -> Read:
    """A reader that decodes each event once, of however many notifications its row is asked for."""
    known: dict[int, list[Observation]] = {}

    def read_once(event: RecordedEvent) -> list[Observation]:
        observed = known.get(event.position)
        if observed is None:
            observed = known[event.position] = read(event)
        return observed

    return read_once


def _row_at(
    kind: Kind, events: Iterable[RecordedEvent], notification: Notification, read: Read
) -> Row | None:
    by_then = (event for event in events if event.position <= notification.position)
    in_order = sorted(by_then, key=lambda event: event.position)
    try:
        return row_at(kind, in_order, notification.object_id, read).row
    except NotFound:
        return None
