"""The floor of following: the library's own way, one event, one transaction."""

from __future__ import annotations

import json

from eventsourcing.persistence import Tracking
from eventsourcing_sqlalchemy.datastore import SQLAlchemyDatastore
from eventsourcing_sqlalchemy.recorders import SQLAlchemyTrackingRecorder
from sqlalchemy import text

from ledger import Ledger

__all__ = ["EVENTS", "one_by_one"]

EVENTS = 5000

_PAGE = 500
_TABLE = "CREATE TABLE states (id TEXT PRIMARY KEY, object TEXT, status TEXT, amount BIGINT)"
_KEEP = text(
    "INSERT INTO states (id, object, status, amount) VALUES (:id, :object, :status, :amount)"
    " ON CONFLICT (id) DO UPDATE SET status = excluded.status, amount = excluded.amount"
)


class _View(SQLAlchemyTrackingRecorder):
    """A view as the library would have it: a row per object, tracked event by event."""

    def create_table(self) -> None:
        """Makes the tables."""
        super().create_table()
        with self.transaction(commit=True) as session:
            session.execute(text(_TABLE))

    def keep(self, body: bytes, tracking: Tracking) -> None:
        """Takes what one event says and that it was seen, in one transaction."""
        thing = json.loads(body)["data"]["object"]
        row = {name: thing.get(name) for name in ("id", "object", "status", "amount")}
        with self.transaction(commit=True) as session:
            self._insert_tracking(session, tracking)
            session.execute(_KEEP, row)


def one_by_one(url: str, view_url: str) -> int:
    """Follows the first events of a log into an empty database; how many they were."""
    ledger = Ledger.open(url)
    view = _View(SQLAlchemyDatastore(url=view_url))
    view.create_table()
    position = 0
    while position < EVENTS:
        notifications = ledger.recorder.select_notifications(position + 1, _PAGE)
        if not notifications:
            break
        for notification in notifications:
            position = int(notification.id)
            view.keep(notification.state, Tracking(ledger.name, position))
    return position
