"""Deliveries: what is to be handed to whom, what was, and what is tried once more by hand."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    func,
    insert,
    or_,
    select,
    true,
    tuple_,
    update,
)

from api.notify.tables import DELIVERIES, SUBSCRIBERS, lock_subscribers
from ledger.database import chunks, read_transaction, write_transaction
from projections.tables.lease import database_seconds

__all__ = ["Deliveries", "Delivery", "DeliveryState", "Due", "add_due", "known_ids", "promote"]

# `pending` until it is delivered or given up.
DeliveryState = Literal["pending", "delivered", "given_up"]

# Databases limit how many parameters one statement has.
_IN_MAX = 500


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notification and one subscriber; times in microseconds, ``due_at`` in the database's
    seconds (None: a sender has it, it waits behind another of its row, or it is finished)."""

    subscriber: str
    notification: str
    type: str
    position: int
    place: int
    state: DeliveryState
    attempts: int
    due_at: float | None
    filled_at: int
    finished_at: int | None


@dataclass(frozen=True, slots=True)
class Due:
    """A notification that a subscriber is to be handed: ``body`` as it is sent."""

    notification: str
    type: str
    position: int
    place: int
    row: bytes
    body: bytes


class Deliveries:
    """All deliveries; every method raises ``StoreUnavailable`` without a database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list(
        self,
        *,
        subscriber: str | None = None,
        notification: str | None = None,
        state: DeliveryState | None = None,
        limit: int = 100,
    ) -> list[Delivery]:
        """The newest in the feed's order first."""
        table = DELIVERIES.c
        wanted = {table.subscriber: subscriber, table.notification: notification}
        conditions = [column == value for column, value in wanted.items() if value is not None]
        if state is not None:
            conditions.append(table.state == state)
        order = (table.position.desc(), table.place.desc(), table.subscriber)
        columns = [table[name] for name in Delivery.__dataclass_fields__]
        query = select(*columns).where(*conditions).order_by(*order).limit(limit)
        with read_transaction(self._engine) as connection:
            return [Delivery(**row) for row in connection.execute(query).mappings()]

    def known(self, subscriber: str, notifications: Iterable[str]) -> set[str]:
        """Which of some notifications a subscriber was handed or is to be."""
        with read_transaction(self._engine) as connection:
            return known_ids(connection, subscriber, list(notifications))

    def retry(self, notification: str, *, subscriber: str | None = None) -> int:
        """Try a notification at once that was given up or waits for its next try.

        By its subscribers, or one of them; returns of how many. What was delivered stays so.
        """
        condition: ColumnElement[bool] = DELIVERIES.c.notification == notification
        if subscriber is not None:
            condition &= DELIVERIES.c.subscriber == subscriber
        with write_transaction(self._engine) as connection:
            _lock_all(connection)
            seconds = database_seconds(connection)
            waiting = (condition, DELIVERIES.c.due_at.is_not(None))
            waits = connection.execute(update(DELIVERIES).where(*waiting).values(due_at=seconds))
            revived_count = _revive(connection, condition)
        return waits.rowcount + revived_count

    def retry_given_up(self, *, subscriber: str | None = None) -> int:
        """Try everything again that was given up, in the feed's order; returns how many."""
        condition: ColumnElement[bool] = true()
        if subscriber is not None:
            condition = DELIVERIES.c.subscriber == subscriber
        with write_transaction(self._engine) as connection:
            _lock_all(connection)
            return _revive(connection, condition)

    def add(self, subscriber: str, due: Sequence[Due]) -> int:
        """Hand out notifications behind the cursor as well; returns how many are new."""
        with write_transaction(self._engine) as connection:
            lock_subscribers(connection, [subscriber])
            return add_due(connection, subscriber, due)

    def oldest(self) -> Mapping[str, int]:
        """Since when (microseconds) the oldest pending delivery of each subscriber waits."""
        return self._of_each(func.min(DELIVERIES.c.filled_at), "pending")

    def given_up(self) -> Mapping[str, int]:
        """How many deliveries of each subscriber were given up."""
        return self._of_each(func.count(), "given_up")

    def _of_each(self, value: Any, state: DeliveryState) -> Mapping[str, int]:
        table = DELIVERIES.c
        query = select(table.subscriber, value).where(table.state == state)
        # By the index that begins with the subscriber.
        query = query.where(table.subscriber.in_(select(SUBSCRIBERS.c.id)))
        with read_transaction(self._engine) as connection:
            rows = connection.execute(query.group_by(table.subscriber)).all()
        return {row[0]: int(row[1]) for row in rows}


def add_due(connection: Connection, subscriber: str, due: Sequence[Due]) -> int:
    """Add deliveries of a subscriber that is locked, in order; returns how many are new.

    Of a row only the first may be tried: the others wait for their turn.
    """
    known = known_ids(connection, subscriber, [each.notification for each in due])
    new = [each for each in due if each.notification not in known]
    if not new:
        return 0
    busy = _busy_rows(connection, subscriber, {each.row for each in new})
    seconds, filled_at = database_seconds(connection), time.time_ns() // 1000
    rows = []
    for each in new:
        is_next = each.row not in busy
        busy.add(each.row)
        rows.append(
            {
                "subscriber": subscriber,
                "notification": each.notification,
                "type": each.type,
                "position": each.position,
                "place": each.place,
                "row_key": each.row,
                "body": each.body,
                "state": "pending",
                "attempts": 0,
                "due_at": seconds if is_next else None,
                "filled_at": filled_at,
            }
        )
    connection.execute(insert(DELIVERIES), rows)
    return len(rows)


def promote(connection: Connection, subscriber: str, rows: Collection[bytes]) -> None:
    """Make due what is next of some rows, no delivery of which is due or being tried."""
    table = DELIVERIES.c
    seconds = database_seconds(connection)
    order = (table.position, table.place)
    for chunk in chunks(sorted(rows), _IN_MAX):
        turn = func.row_number().over(partition_by=table.row_key, order_by=order).label("turn")
        of_rows = (table.subscriber == subscriber, table.row_key.in_(chunk))
        pending = select(table.notification, turn).where(*of_rows, table.state == "pending")
        numbered = pending.subquery()
        first = select(numbered.c.notification).where(numbered.c.turn == 1)
        is_next = (table.subscriber == subscriber, table.notification.in_(first))
        is_free = (table.due_at.is_(None), table.sender.is_(None))
        connection.execute(update(DELIVERIES).where(*is_next, *is_free).values(due_at=seconds))


def known_ids(connection: Connection, subscriber: str, notifications: Sequence[str]) -> set[str]:
    table, known = DELIVERIES.c, set[str]()
    for chunk in chunks(notifications, _IN_MAX):
        query = select(table.notification).where(table.subscriber == subscriber)
        known |= set(connection.execute(query.where(table.notification.in_(chunk))).scalars())
    return known


def _busy_rows(connection: Connection, subscriber: str, rows: Collection[bytes]) -> set[bytes]:
    """Those of some rows that have a pending delivery."""
    table, busy = DELIVERIES.c, set[bytes]()
    for chunk in chunks(sorted(rows), _IN_MAX):
        query = select(table.row_key).where(table.subscriber == subscriber)
        pending = query.where(table.row_key.in_(chunk), table.state == "pending").distinct()
        busy |= {bytes(row) for row in connection.execute(pending).scalars()}
    return busy


def _lock_all(connection: Connection) -> None:
    ids = connection.execute(select(SUBSCRIBERS.c.id)).scalars().all()
    lock_subscribers(connection, ids)


def _revive(connection: Connection, condition: Any) -> int:
    """Let deliveries that were given up be tried anew, each in its row's order."""
    table = DELIVERIES.c
    given_up = select(table.subscriber, table.notification, table.row_key)
    query = given_up.where(condition, table.state == "given_up")
    revived = connection.execute(query).all()
    keys = [(row.subscriber, row.notification) for row in revived]
    anew = {"state": "pending", "attempts": 0, "finished_at": None}
    for chunk in chunks(keys, _IN_MAX // 2):
        these = tuple_(table.subscriber, table.notification).in_(chunk)
        connection.execute(update(DELIVERIES).where(these).values(**anew))
    for subscriber in sorted({row.subscriber for row in revived}):
        rows = {bytes(row.row_key) for row in revived if row.subscriber == subscriber}
        _promote_idle(connection, subscriber, rows)
    return len(keys)


def _promote_idle(connection: Connection, subscriber: str, rows: Collection[bytes]) -> None:
    """``promote`` those of some rows of which nothing is due or being tried."""
    table, active = DELIVERIES.c, set[bytes]()
    for chunk in chunks(sorted(rows), _IN_MAX):
        query = select(table.row_key).where(table.subscriber == subscriber)
        is_active = or_(table.due_at.is_not(None), table.sender.is_not(None))
        pending = query.where(table.row_key.in_(chunk), table.state == "pending", is_active)
        active |= {bytes(row) for row in connection.execute(pending).scalars()}
    promote(connection, subscriber, set(rows) - active)
