"""Results: how attempts ended, recorded by the sender that has them, and what follows from it."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select, update

from api.notify.attempts import Attempt, Outcome, add_attempts
from api.notify.claims import Claimed
from api.notify.deliveries import promote
from api.notify.standing import Standing, judge
from api.notify.tables import DELIVERIES, lock_subscribers
from ledger.database import chunks
from projections.tables.lease import database_seconds

__all__ = ["RETRY_SECONDS", "Recorded", "Result", "failure", "record"]

# From one try to the next. After the last of them the delivery is given up.
RETRY_SECONDS = (5, 30, 120, 600, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
# What failed together must not come back together.
_JITTER = 0.1
_ERROR_CHARACTERS_MAX = 200

_IN_MAX = 500


@dataclass(frozen=True, slots=True)
class Result:
    """How one attempt ended. ``retry_after``: in so many seconds, and nothing to this subscriber
    before; ``is_gone``: the receiver wants nothing any more."""

    claimed: Claimed
    started_at: int
    milliseconds: int
    outcome: Outcome
    status: int | None = None
    answer: str | None = None
    error: str | None = None
    retry_after: float | None = None
    is_gone: bool = False

    @property
    def stops(self) -> bool:
        """Whether nothing more may be sent to the subscriber, for now or at all."""
        return self.is_gone or bool(self.retry_after)

    @property
    def attempt(self) -> Attempt:
        """It as it is kept, without a number yet."""
        claimed = self.claimed
        return Attempt(
            0,
            claimed.subscriber,
            claimed.notification,
            claimed.attempt,
            self.started_at,
            self.milliseconds,
            self.outcome,
            self.status,
            self.answer,
            self.error,
        )


def failure(claimed: Claimed, started_at: int, fault: Exception) -> Result:
    """The result of an attempt that raised, which is a fault of the code."""
    milliseconds = time.time_ns() // 1_000_000 - started_at // 1000
    error = f"{type(fault).__name__}: {fault}"[:_ERROR_CHARACTERS_MAX]
    return Result(claimed, started_at, max(0, milliseconds), "failed", error=error)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded: the results whose claims were still the sender's, how many of them were
    given up, and why subscribers stand still from now on."""

    results: Sequence[Result]
    given_up: int
    stopped: Mapping[str, str]


def record(connection: Connection, owner: str, results: Sequence[Result]) -> Recorded:
    """Record results in a write transaction, but for those whose claim is no longer ``owner``'s.

    Of a row whose delivery is finished the next is due.
    """
    lock_subscribers(connection, {result.claimed.subscriber for result in results})
    own = _still_owned(connection, owner, results)
    by_subscriber: dict[str, list[Result]] = defaultdict(list)
    for result in own:
        by_subscriber[result.claimed.subscriber].append(result)
    given_up, stopped = 0, dict[str, str]()
    for subscriber, its in sorted(by_subscriber.items()):
        failed = [result for result in its if result.outcome != "delivered"]
        finished = [result.claimed for result in its if result.outcome == "delivered"]
        _mark_delivered(connection, subscriber, finished)
        last = [result.claimed for result in failed if _is_last(result)]
        _mark_failed(connection, failed)
        promote(connection, subscriber, {each.row for each in [*finished, *last]})
        given_up += len(last)
        reason = judge(connection, subscriber, _standing(len(finished), failed))
        if reason is not None:
            stopped[subscriber] = reason
    add_attempts(connection, [result.attempt for result in own])
    return Recorded(own, given_up, stopped)


def _still_owned(connection: Connection, owner: str, results: Sequence[Result]) -> list[Result]:
    """Those whose claims nobody has taken; their deliveries are locked."""
    table, claims = DELIVERIES.c, set[tuple[str, str, int]]()
    notifications = sorted({result.claimed.notification for result in results})
    for chunk in chunks(notifications, _IN_MAX):
        columns = (table.subscriber, table.notification, table.claim)
        query = select(*columns).where(table.sender == owner, table.notification.in_(chunk))
        order = (table.subscriber, table.notification)
        rows = connection.execute(query.order_by(*order).with_for_update())
        claims |= {(row.subscriber, row.notification, row.claim) for row in rows}
    return [
        result
        for result in results
        if (result.claimed.subscriber, result.claimed.notification, result.claimed.claim) in claims
    ]


def _mark_delivered(connection: Connection, subscriber: str, delivered: Sequence[Claimed]) -> None:
    table = DELIVERIES.c
    values = {
        **_RETURNED,
        "state": "delivered",
        # Attempts show it no more, and the rows say it.
        "body": None,
        "due_at": None,
        "attempts": table.attempts + 1,
        "finished_at": _microseconds(),
    }
    for chunk in chunks([each.notification for each in delivered], _IN_MAX):
        these = (table.subscriber == subscriber, table.notification.in_(chunk))
        connection.execute(update(DELIVERIES).where(*these).values(**values))


def _mark_failed(connection: Connection, failed: Sequence[Result]) -> None:
    if not failed:
        return
    table, seconds, finished_at = DELIVERIES.c, database_seconds(connection), _microseconds()
    these = (table.subscriber == bindparam("its"), table.notification == bindparam("about"))
    values = {**_RETURNED, "attempts": table.attempts + 1}
    for name in ("state", "due_at", "finished_at"):
        values[name] = bindparam(f"new_{name}")
    rows = [
        {
            "its": result.claimed.subscriber,
            "about": result.claimed.notification,
            "new_state": "given_up" if _is_last(result) else "pending",
            "new_due_at": None if _is_last(result) else seconds + _delay(result),
            "new_finished_at": finished_at if _is_last(result) else None,
        }
        for result in failed
    ]
    connection.execute(update(DELIVERIES).where(*these).values(**values), rows)


def _is_last(result: Result) -> bool:
    return not result.is_gone and result.claimed.attempt > len(RETRY_SECONDS)


def _delay(result: Result) -> float:
    """In how many seconds it is tried again."""
    index = min(result.claimed.attempt, len(RETRY_SECONDS)) - 1
    delay = RETRY_SECONDS[index] * random.uniform(1 - _JITTER, 1 + _JITTER)
    return max(delay, result.retry_after or 0.0)


def _standing(delivered: int, failed: Sequence[Result]) -> Standing:
    return Standing(
        delivered=delivered,
        failed=len(failed),
        retry_after=max((result.retry_after or 0.0 for result in failed), default=0.0),
        is_gone=any(result.is_gone for result in failed),
    )


def _microseconds() -> int:
    return time.time_ns() // 1000


_RETURNED: Mapping[str, None] = {"sender": None, "claim": None}
