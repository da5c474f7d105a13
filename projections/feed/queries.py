"""Reading a feed: single notifications, what follows a position, and lists."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, select

from ledger import UnknownCursor
from ledger.database import COMPARE
from ledger.listing import Page
from projections.feed.notification import Cause, Notification
from projections.feed.tables import FeedTables

__all__ = ["NotificationFilter", "NotificationPage", "all_of", "first_after", "listed", "with_id"]


@dataclass(frozen=True, slots=True)
class NotificationFilter:
    """Which notifications are meant; ``account`` ``self`` means the ledger's own, ``created``
    bounds the cause's."""

    types: Collection[str] = ()
    object_id: str | None = None
    account: str | None = None
    livemode: bool | None = None
    created: Mapping[str, int] | None = None
    position_gt: int | None = None

    def restrict(self, query: Select[Any], tables: FeedTables) -> Select[Any]:
        """The query for only those."""
        columns = tables.notifications.c
        if self.types:
            query = query.where(columns.type.in_(self.types))
        if self.object_id is not None:
            query = query.where(columns.object_id == self.object_id)
        if self.account is not None:
            is_own = columns.account.is_(None)
            of_account = is_own if self.account == "self" else columns.account == self.account
            query = query.where(of_account)
        if self.livemode is not None:
            query = query.where(columns.livemode.is_(self.livemode))
        for name, value in (self.created or {}).items():
            query = query.where(COMPARE[name](columns.cause_created, value))
        if self.position_gt is not None:
            query = query.where(columns.position > self.position_gt)
        return query


@dataclass(frozen=True, slots=True)
class NotificationPage:
    """Which part of a list: after or before a notification's id, and how many."""

    limit: int = 10
    starting_after: str | None = None
    ending_before: str | None = None


def with_id(connection: Connection, tables: FeedTables, id: str) -> Notification | None:
    """A notification by its id."""
    query = select(tables.notifications).where(tables.notifications.c.id == id)
    row = connection.execute(query).first()
    return None if row is None else _notification(row)


def first_after(
    connection: Connection, tables: FeedTables, position: int, limit: int
) -> list[Notification]:
    """The first notifications after a position, of whole positions: at least ``limit``, if there
    are so many."""
    table = tables.notifications
    later = table.c.position > position
    order = (table.c.position, table.c.place)
    nth = select(table.c.position).where(later).order_by(*order).offset(limit - 1).limit(1)
    last = connection.execute(nth).scalar()
    query = select(table).where(later).order_by(*order)
    if last is not None:
        query = query.where(table.c.position <= last)
    return [_notification(row) for row in connection.execute(query)]


def listed(
    connection: Connection,
    tables: FeedTables,
    wanted: NotificationFilter,
    page: NotificationPage,
) -> Page[Notification]:
    """Newest first, or upwards where positions are bounded; raises ``UnknownCursor``."""
    query = wanted.restrict(select(tables.notifications), tables)
    backwards = page.ending_before is not None
    ascending = (wanted.position_gt is not None) != backwards
    cursor = page.ending_before if backwards else page.starting_after
    if cursor is not None:
        at = with_id(connection, tables, cursor)
        if at is None:
            raise UnknownCursor(cursor)
        query = query.where(_beyond(tables, at, ascending=ascending))
    columns = tables.notifications.c
    order = (columns.position, columns.place)
    query = query.order_by(*(order if ascending else (each.desc() for each in order)))
    rows = connection.execute(query.limit(page.limit + 1)).all()
    items = [_notification(row) for row in rows[: page.limit]]
    return Page(items[::-1] if backwards else items, has_more=len(rows) > page.limit)


def all_of(connection: Connection, tables: FeedTables, upto: int) -> Iterator[Notification]:
    """All notifications up to a position, in their order."""
    table = tables.notifications
    query = select(table).where(table.c.position <= upto)
    for row in connection.execute(query.order_by(table.c.position, table.c.place)):
        yield _notification(row)


def _beyond(tables: FeedTables, at: Notification, *, ascending: bool) -> ColumnElement[bool]:
    columns, compare = tables.notifications.c, COMPARE["gt" if ascending else "lt"]
    within = (columns.position == at.position) & compare(columns.place, at.place)
    return compare(columns.position, at.position) | within


def _notification(row: Row[Any]) -> Notification:
    return Notification(
        id=row.id,
        type=row.type,
        kind=row.kind,
        object_id=row.object_id,
        account=row.account,
        livemode=bool(row.livemode),
        position=row.position,
        place=row.place,
        ordinal=row.ordinal,
        late=bool(row.late),
        holds=bool(row.holds),
        cause=Cause(row.cause_event, row.cause_type, row.cause_created, row.cause_position),
        row=bytes(row.row_key),
        source=row.source,
        created=row.created,
        received_at=row.received_at,
        is_first=bool(row.is_first),
        object_created=row.object_created,
    )
