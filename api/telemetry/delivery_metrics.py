"""Metrics of deliveries: recorded by each request, added to the counters for many at once."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Iterable

from prometheus_client import Histogram

from api.telemetry import metrics, multiprocess, recent_deliveries
from api.telemetry.deferred import Deferred
from api.telemetry.recent_deliveries import DeliveryRecord

__all__ = ["DeliveryRecord", "flush", "record", "schedule_flush", "watch_queue"]


_records: deque[DeliveryRecord] = deque()
_lock = threading.Lock()
_queue_depth: Callable[[], int] | None = None


def watch_queue(depth: Callable[[], int]) -> None:
    """Export what ``depth`` returns as the length of the appender's queue."""
    global _queue_depth
    _queue_depth = depth


def record(delivery: DeliveryRecord) -> None:
    """Add a delivery to the metrics, a moment later."""
    _records.append(delivery)
    _deferred.schedule()


def schedule_flush() -> None:
    """Export the queue's length a moment later, even if no delivery is recorded meanwhile."""
    _deferred.schedule()


def flush() -> None:
    """Add everything recorded so far to the metrics, and export the queue's length."""
    with _lock:
        multiprocess.keep_files()
        deliveries = [_records.popleft() for _ in range(len(_records))]
        if _queue_depth is not None:
            metrics.QUEUE_DEPTH.set(_queue_depth())
        if deliveries:
            _count(deliveries)
            recent_deliveries.add(deliveries)


_deferred = Deferred(flush)


def _count(deliveries: list[DeliveryRecord]) -> None:
    outcomes = Counter((delivery.outcome, delivery.reason or "") for delivery in deliveries)
    for (outcome, reason), count in outcomes.items():
        metrics.DELIVERIES.labels(outcome, reason).inc(count)
    verified = [delivery for delivery in deliveries if delivery.secret is not None]
    for secret, count in Counter(delivery.secret for delivery in verified).items():
        metrics.SIGNED_BY.labels(secret).inc(count)
    conflicts = sum(delivery.conflict for delivery in deliveries)
    if conflicts:
        metrics.BODY_CONFLICTS.inc(conflicts)
    _observe(metrics.SECONDS, [delivery.seconds for delivery in deliveries])
    _observe(metrics.BODY_BYTES, [delivery.bytes or 0 for delivery in verified])
    delays = [delivery.delay_seconds for delivery in deliveries]
    _observe(metrics.EVENT_DELAY_SECONDS, [delay for delay in delays if delay is not None])


def _observe(histogram: Histogram, amounts: Iterable[float]) -> None:
    """Observe many amounts, writing each bucket once instead of once per amount."""
    amounts = list(amounts)
    if not amounts:
        return
    bounds = histogram._upper_bounds
    histogram._sum.inc(sum(amounts))
    for bucket, count in Counter(bisect_left(bounds, amount) for amount in amounts).items():
        histogram._buckets[bucket].inc(count)
