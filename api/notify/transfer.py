"""Subscribers and what was delivered to them, in an export and out of it; no secrets, no bodies.

The line of an entry has `delivered`: for each subscriber the notifications of that position; the
last line has `subscribers`. Importers that do not know these members ignore them.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, func, insert, select

from api.notify.deliveries import known_ids
from api.notify.tables import DELIVERIES, SUBSCRIBERS
from ledger import ImportRefused
from ledger.database import read_transaction, write_transaction

__all__ = ["CarriedSubscribers", "RestoredSubscribers"]

_DELIVERED, _SUBSCRIBERS = "delivered", "subscribers"
_BATCH = 500
_REASON = "imported without its secret: rotate it, give it to the receiver, then resume"
_HANDLER_REASON = "imported: resume it to go on"
# What is copied as it is.
_COPIED = ("id", "created_at", "name", "url", "handler", "history", "concurrency", "begins_at")


class CarriedSubscribers:
    """What an export carries along, as it was at the beginning of the export."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with read_transaction(engine) as connection:
            rows = connection.execute(select(SUBSCRIBERS)).mappings().all()
            pending = select(DELIVERIES.c.subscriber, func.min(DELIVERIES.c.position))
            of_each = pending.where(DELIVERIES.c.state == "pending")
            of_each = of_each.group_by(DELIVERIES.c.subscriber)
            firsts = {row[0]: row[1] for row in connection.execute(of_each)}
        self._subscribers = [
            {
                **{name: row[name] for name in _COPIED},
                "history": bool(row["history"]),
                "types": json.loads(row["types"]),
                # What waits is filled anew, for its body stays behind; what was delivered of the
                # positions after it is known by its id.
                "cursor": min(row["cursor"], firsts.get(row["id"], row["cursor"] + 1) - 1),
            }
            for row in rows
        ]

    def of_entries(self, after: int, upto: int) -> Mapping[int, Mapping[str, Any]]:
        """What was delivered of the positions."""
        table = DELIVERIES.c
        members: dict[int, dict[str, list[Any]]] = defaultdict(dict)
        within = (table.position > after, table.position <= upto, table.state == "delivered")
        query = select(table.subscriber, table.notification, table.type, table.position,
                       table.place)  # fmt: skip
        with read_transaction(self._engine) as connection:
            for subscriber in self._subscribers:
                of_it = query.where(table.subscriber == subscriber["id"], *within)
                for row in connection.execute(of_it.order_by(table.position, table.place)):
                    delivered = members[row.position].setdefault(row.subscriber, [])
                    delivered.append([row.notification, row.type, row.place])
        return {position: {_DELIVERED: delivered} for position, delivered in members.items()}

    def of_end(self) -> Mapping[str, Any]:
        """The subscribers."""
        return {_SUBSCRIBERS: self._subscribers} if self._subscribers else {}


class RestoredSubscribers:
    """Brings back what an export carried; ``count`` is how many subscribers, each paused.

    One that is there already stays as it is, so an import can be run again. ``skipped`` where the
    log is not that of the export: its positions would mean other events.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.count = 0
        self.skipped = False

    def __call__(self, lines: Iterator[Mapping[str, Any]] | None) -> None:
        """Restore from the lines of an export; raises ``ImportRefused``."""
        if lines is None:
            self.skipped = True
            return
        try:
            self._restore(lines)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ImportRefused("the subscribers of the export cannot be read") from error

    def _restore(self, lines: Iterator[Mapping[str, Any]]) -> None:
        with read_transaction(self._engine) as connection:
            known = set(connection.execute(select(SUBSCRIBERS.c.id)).scalars())
        batches: dict[str, list[dict[str, Any]]] = defaultdict(list)
        subscribers: Sequence[Mapping[str, Any]] = []
        for line in lines:
            subscribers = line.get(_SUBSCRIBERS, subscribers)
            for subscriber, delivered in line.get(_DELIVERED, {}).items():
                if subscriber in known:
                    continue
                batch = batches[subscriber]
                batch += [_delivery(subscriber, line["position"], *each) for each in delivered]
                if len(batch) >= _BATCH:
                    self._insert(subscriber, batches.pop(subscriber))
        for subscriber, batch in batches.items():
            self._insert(subscriber, batch)
        # At last: where the import is interrupted, the next one goes over all of it again.
        rows = [_subscriber(each) for each in subscribers if each["id"] not in known]
        if rows:
            with write_transaction(self._engine) as connection:
                connection.execute(insert(SUBSCRIBERS), rows)
        self.count = len(rows)

    def _insert(self, subscriber: str, rows: Sequence[Mapping[str, Any]]) -> None:
        with write_transaction(self._engine) as connection:
            known = known_ids(connection, subscriber, [row["notification"] for row in rows])
            new = [row for row in rows if row["notification"] not in known]
            if new:
                connection.execute(insert(DELIVERIES), new)


def _delivery(
    subscriber: str, position: int, notification: str, type: str, place: int
) -> dict[str, Any]:
    received_at = time.time_ns() // 1000
    return {
        "subscriber": subscriber,
        "notification": notification,
        "type": type,
        "position": position,
        "place": place,
        # The order among a row's notifications matters only to what is not delivered yet.
        "row_key": b"",
        "state": "delivered",
        "attempts": 1,
        "filled_at": received_at,
        "finished_at": received_at,
    }


def _subscriber(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: document[name] for name in _COPIED},
        "types": json.dumps([str(type) for type in document["types"]]),
        "cursor": int(document["cursor"]),
        "secrets": "[]",
        "state": "paused",
        "reason": _HANDLER_REASON if document["url"] is None else _REASON,
        "resumes_at": 0.0,
        "delivered": 0,
        "failed": 0,
    }
