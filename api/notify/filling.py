"""Filling: from the feed into each subscriber's deliveries, as far as its cursor follows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, func, select, update

from api.notify.deliveries import Due, add_due, known_ids
from api.notify.subscribers import Subscriber, Subscribers
from api.notify.tables import DELIVERIES, SUBSCRIBERS, lock_subscribers
from ledger.database import read_transaction, write_transaction
from projections import Feed, Notification, NotReady

__all__ = ["Filler", "body_of"]

_BATCH = 200
# What is due piles up no higher: it would be as many bodies beside the log.
_DUE_MAX = 2000


class Filler:
    """Hands the feed's notifications to the subscribers that want them, each once.

    ``max_age_seconds``: what was older when it was received is history, which only those get that
    ask for it.
    """

    def __init__(self, feed: Feed, subscribers: Subscribers, *, max_age_seconds: int) -> None:
        self._feed = feed
        self._engine: Engine = feed.engine
        self._subscribers = subscribers
        self._max_age_seconds = max_age_seconds

    def fill(self) -> int:
        """One round: at most a batch for each subscriber; returns how many positions were passed.

        A subscriber gets no further than the feed and the rows that bodies are made of.
        """
        upto = self._feed.position()
        bodies: dict[str, bytes] = {}
        moved = 0
        for subscriber in self._subscribers.list():
            if subscriber.cursor > upto:
                self._put_back(subscriber)
            elif subscriber.state == "active" and subscriber.cursor != upto:
                moved += self._fill(subscriber, upto, bodies)
        return moved

    def _fill(self, subscriber: Subscriber, upto: int, bodies: dict[str, bytes]) -> int:
        cursor = subscriber.cursor
        if self._is_full(subscriber):
            return 0
        notifications = [each for each in self._feed.after(cursor, _BATCH) if each.position <= upto]
        if len(notifications) >= _BATCH:
            upto = notifications[-1].position
        wanted = [each for each in notifications if self.wants(subscriber, each)]
        try:
            # The feed reads the log, not the rows: under load its end is always beyond theirs.
            known = self._feed.known_up_to(wanted) if wanted else None
            if known is not None:
                upto = known
                wanted = [each for each in wanted if each.position <= upto]
            due = self.due(wanted, bodies)
        except NotReady:
            return 0
        if upto == cursor:
            return 0
        return upto - cursor if self._move(subscriber, upto, due) else 0

    def wants(self, subscriber: Subscriber, notification: Notification) -> bool:
        """Whether a subscriber is handed a notification."""
        is_news = not notification.is_history(self._max_age_seconds)
        return subscriber.wants(notification.type) and (is_news or subscriber.history)

    def due(
        self, notifications: Sequence[Notification], bodies: dict[str, bytes] | None = None
    ) -> list[Due]:
        """Notifications with the bodies that are sent; raises ``NotReady``.

        ``bodies`` has those that were made already, and gets the others.
        """
        bodies = {} if bodies is None else bodies
        new = [each for each in notifications if each.id not in bodies]
        for each, row in zip(new, self._feed.rows(new), strict=True):
            bodies[each.id] = body_of(each, row)
        return [
            Due(each.id, each.type, each.position, each.place, each.row, bodies[each.id])
            for each in notifications
        ]

    def missed(self, subscriber: Subscriber) -> Iterable[list[Notification]]:
        """What stands in the feed behind a subscriber's cursor and was never handed to it, though
        it wants it: a mended fold, or a new condition, adds it. In batches.
        """
        position = subscriber.begins_at
        while position < subscriber.cursor:
            notifications = self._feed.after(position, _BATCH)
            wanted = [
                each
                for each in notifications
                if each.position <= subscriber.cursor and self.wants(subscriber, each)
            ]
            with read_transaction(self._engine) as connection:
                known = known_ids(connection, subscriber.id, [each.id for each in wanted])
            yield [each for each in wanted if each.id not in known]
            if len(notifications) < _BATCH:
                return
            position = notifications[-1].position

    def _put_back(self, subscriber: Subscriber) -> None:
        """Put a cursor beyond the log's head back to it.

        The log was restored from a backup: what comes next has positions again that were passed
        already. What was handed out before is known by its id. Of a paused subscriber too: when it
        is resumed, the log may have grown past where its cursor stood.
        """
        head, columns = self._feed.log.head().position, SUBSCRIBERS.c
        if subscriber.cursor <= head:
            return  # only the feed is behind
        unmoved = (columns.id == subscriber.id, columns.cursor == subscriber.cursor)
        with write_transaction(self._engine) as connection:
            connection.execute(update(SUBSCRIBERS).where(*unmoved).values(cursor=head))

    def _is_full(self, subscriber: Subscriber) -> bool:
        table = DELIVERIES.c
        due = select(table.notification).where(
            table.subscriber == subscriber.id, table.due_at.is_not(None)
        )
        query = select(func.count()).select_from(due.limit(_DUE_MAX).subquery())
        with read_transaction(self._engine) as connection:
            return connection.execute(query).scalar_one() >= _DUE_MAX

    def _move(self, subscriber: Subscriber, cursor: int, due: Sequence[Due]) -> bool:
        """Add deliveries and move the cursor; False where it was moved or paused meanwhile."""
        table = SUBSCRIBERS
        unmoved = (
            table.c.id == subscriber.id,
            table.c.cursor == subscriber.cursor,
            table.c.state == "active",
        )
        with write_transaction(self._engine) as connection:
            lock_subscribers(connection, [subscriber.id])
            moved = connection.execute(update(table).where(*unmoved).values(cursor=cursor))
            if moved.rowcount != 1:
                return False
            add_due(connection, subscriber.id, due)
        return True


def body_of(notification: Notification, row: dict[str, Any] | None) -> bytes:
    """What a subscriber is sent: JSON as small as it can be, in ASCII.

    ``row`` is the row as it was known at the notification's position.
    """
    cause = notification.cause
    timestamp = datetime.fromtimestamp(cause.created, UTC).isoformat().replace("+00:00", "Z")
    body = {
        "type": notification.type,
        "timestamp": timestamp,
        "data": {
            "id": notification.id,
            "position": notification.position,
            "ordinal": notification.ordinal,
            "late": notification.late,
            "holds": notification.holds,
            "cause": {
                "event": cause.event,
                "type": cause.type,
                "created": cause.created,
                "position": cause.position,
            },
            "object": row,
        },
    }
    return json.dumps(body, separators=(",", ":")).encode()
