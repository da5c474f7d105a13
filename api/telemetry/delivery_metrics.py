"""What is counted of deliveries: noted by each request, added to the metrics for many at once."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from prometheus_client import Histogram

from api.telemetry import metrics
from api.telemetry.deferred import Deferred

__all__ = ["Noted", "note", "settle", "watch"]


class Noted(NamedTuple):
    """One delivery: ``secret`` and ``bytes`` if verified, ``delay_seconds`` if a new event."""

    outcome: str
    reason: str
    secret: str | None
    bytes: int
    seconds: float
    delay_seconds: float | None
    conflict: bool


_noted: deque[Noted] = deque()
_gate = threading.Lock()
_depth: Callable[[], int] | None = None


def watch(depth: Callable[[], int]) -> None:
    """Show what ``depth`` tells as the length of the appender's queue."""
    global _depth
    _depth = depth


def note(delivery: Noted) -> None:
    """Count a delivery, a moment later."""
    _noted.append(delivery)
    _deferred.ask()


def waits() -> None:
    """A delivery is about to wait: how many do is counted a moment later, come what may."""
    _deferred.ask()


def settle() -> None:
    """Count all that was noted."""
    with _gate:
        new = [_noted.popleft() for _ in range(len(_noted))]
        if _depth is not None:
            metrics.QUEUE_DEPTH.set(_depth())
        if new:
            _count(new)


_deferred = Deferred(settle)


def _count(new: list[Noted]) -> None:
    for (outcome, reason), times in Counter((one.outcome, one.reason) for one in new).items():
        metrics.DELIVERIES.labels(outcome, reason).inc(times)
    for secret, times in Counter(one.secret for one in new if one.secret is not None).items():
        metrics.SIGNED_BY.labels(secret).inc(times)
    conflicts = sum(one.conflict for one in new)
    if conflicts:
        metrics.BODY_CONFLICTS.inc(conflicts)
    _observe(metrics.SECONDS, [one.seconds for one in new])
    _observe(metrics.BODY_BYTES, [one.bytes for one in new if one.secret is not None])
    delays = [one.delay_seconds for one in new if one.delay_seconds is not None]
    _observe(metrics.EVENT_DELAY_SECONDS, delays)


def _observe(histogram: Histogram, amounts: Iterable[float]) -> None:
    """As ``observe`` of each amount; but each bucket is written once, not once per amount."""
    amounts = list(amounts)
    if not amounts:
        return
    bounds = histogram._upper_bounds
    histogram._sum.inc(sum(amounts))
    for bucket, times in Counter(bisect_left(bounds, amount) for amount in amounts).items():
        histogram._buckets[bucket].inc(times)
