"""The mark that a handler was handed a notification, in the transaction of what it wrote."""

from __future__ import annotations

import time

from sqlalchemy import Connection, update

from api.notify.attempts import Attempt, add_attempts
from api.notify.deliveries import promote
from api.notify.handler_messages import Task
from api.notify.tables import DELIVERIES, SUBSCRIBERS, lock_subscribers

__all__ = ["mark_delivered"]


def mark_delivered(connection: Connection, task: Task, started_ns: int) -> bool:
    """Mark a delivery as delivered if the claim is still ours; returns whether it was."""
    table, finished_ns = DELIVERIES.c, time.time_ns()
    if not lock_subscribers(connection, [task.subscriber]):
        return False  # removed
    is_ours = (
        table.subscriber == task.subscriber,
        table.notification == task.notification,
        table.state == "pending",
        table.sender == task.sender,
        table.claim == task.claim,
    )
    values = {
        "state": "delivered",
        "attempts": task.attempt,
        "sender": None,
        "due_at": None,
        "body": None,
        "finished_at": finished_ns // 1000,
    }
    if not connection.execute(update(DELIVERIES).where(*is_ours).values(**values)).rowcount:
        return False
    attempt = Attempt(
        number=0,
        subscriber=task.subscriber,
        notification=task.notification,
        attempt=task.attempt,
        started_at=started_ns // 1000,
        milliseconds=(finished_ns - started_ns) // 1_000_000,
        outcome="delivered",
    )
    add_attempts(connection, [attempt])
    counted = {"delivered": SUBSCRIBERS.c.delivered + 1, "failing_since": None}
    of_subscriber = SUBSCRIBERS.c.id == task.subscriber
    connection.execute(update(SUBSCRIBERS).where(of_subscriber).values(**counted))
    promote(connection, task.subscriber, [task.row])
    return True
