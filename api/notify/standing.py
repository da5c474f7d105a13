"""How a subscriber stands after attempts: counted, made to wait, paused or disabled."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, case, func, select, update

from api.notify.tables import SUBSCRIBERS
from projections.tables.lease import database_seconds

__all__ = ["PAUSE_SECONDS", "Standing", "judge"]

# A subscriber of whom every attempt failed for so long is paused.
PAUSE_SECONDS = 3 * 86_400


@dataclass(frozen=True, slots=True)
class Standing:
    """What attempts say about their subscriber. ``retry_after``: nothing is sent for so many
    seconds; ``is_gone``: its receiver wants nothing any more."""

    delivered: int
    failed: int
    retry_after: float
    is_gone: bool


def judge(connection: Connection, subscriber: str, standing: Standing) -> str | None:
    """Count attempts of a subscriber that is locked; the reason if it is not active any more."""
    columns = SUBSCRIBERS.c
    seconds = database_seconds(connection)
    its_own = columns.id == subscriber
    resumes_at = seconds + standing.retry_after
    since = columns.failing_since
    counted = {
        "delivered": columns.delivered + standing.delivered,
        "failed": columns.failed + standing.failed,
        "failing_since": None if standing.delivered else func.coalesce(since, seconds),
        "resumes_at": case((columns.resumes_at < resumes_at, resumes_at), else_=columns.resumes_at),
    }
    if not standing.retry_after:
        del counted["resumes_at"]
    connection.execute(update(SUBSCRIBERS).where(its_own).values(**counted))
    row = connection.execute(select(columns.state, since).where(its_own)).one()
    if row.state != "active":
        return None
    if standing.is_gone:
        state, reason = "disabled", "it answered 410 Gone"
    elif row.failing_since is not None and row.failing_since <= seconds - PAUSE_SECONDS:
        state, reason = "paused", "every attempt of three days has failed"
    else:
        return None
    connection.execute(update(SUBSCRIBERS).where(its_own).values(state=state, reason=reason))
    return reason
