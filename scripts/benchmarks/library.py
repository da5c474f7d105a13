"""The baseline of following: a view as the eventsourcing library has it, an event a transaction."""

from __future__ import annotations

import json

from eventsourcing.persistence import Tracking
from eventsourcing_sqlalchemy.datastore import SQLAlchemyDatastore
from eventsourcing_sqlalchemy.recorders import SQLAlchemyTrackingRecorder
from sqlalchemy import text

from ledger import Ledger

__all__ = ["EVENTS", "follow_by_library"]

EVENTS = 5000

_PAGE = 500
_TABLE = "CREATE TABLE states (id TEXT PRIMARY KEY, object TEXT, status TEXT, amount BIGINT)"
_UPSERT = text(
    "INSERT INTO states (id, object, status, amount) VALUES (:id, :object, :status, :amount)"
    " ON CONFLICT (id) DO UPDATE SET status = excluded.status, amount = excluded.amount"
)


class _View(SQLAlchemyTrackingRecorder):
    """A row per Stripe object, updated and tracked event by event."""

    def create_table(self) -> None:
        """Create the tables of the view and of its tracking."""
        super().create_table()
        with self.transaction(commit=True) as session:
            session.execute(text(_TABLE))

    def update(self, body: bytes, tracking: Tracking) -> None:
        """Write one event's state and its tracking, in one transaction."""
        stripe_object = json.loads(body)["data"]["object"]
        row = {name: stripe_object.get(name) for name in ("id", "object", "status", "amount")}
        with self.transaction(commit=True) as session:
            self._insert_tracking(session, tracking)
            session.execute(_UPSERT, row)


def follow_by_library(url: str, view_url: str) -> int:
    """Follow the first events of a log into an empty database; return how many there were."""
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
            view.update(notification.state, Tracking(ledger.name, position))
    return position
