"""Prometheus metrics: counters of what came in, and gauges read from the store at each scrape.

Several worker processes need ``PROMETHEUS_MULTIPROC_DIR`` set before this module is imported.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from ledger import Ledger, StoreUnavailable
from projections import Projections

DELIVERIES = Counter(
    "ledger_deliveries",
    "Deliveries to POST /webhooks/stripe, refused ones too",
    ["outcome", "reason"],
)
SIGNED_BY = Counter(
    "ledger_deliveries_signed_by", "Verified deliveries by the name of the secret", ["secret"]
)
BODY_CONFLICTS = Counter(
    "ledger_body_conflicts", "Duplicates that differ in more than pending_webhooks"
)
BODY_BYTES = Histogram(
    "ledger_delivery_bytes", "Size of verified bodies", buckets=[2**n for n in range(9, 21)]
)
SECONDS = Histogram(
    "ledger_delivery_seconds",
    "Time to answer a delivery",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
BATCH_DELIVERIES = Histogram(
    "ledger_append_batch_deliveries",
    "Deliveries committed in one transaction",
    buckets=[2**n for n in range(9)],
)
BATCH_SECONDS = Histogram(
    "ledger_append_batch_seconds",
    "Time of one append transaction",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3),
)
QUEUE_DEPTH = Gauge(
    "ledger_append_queue_depth",
    "Deliveries that wait for the appender",
    multiprocess_mode="livesum",
)
EVENT_DELAY_SECONDS = Histogram(
    "ledger_event_delay_seconds",
    "From Stripe's created to our received_at, of stored events",
    buckets=(1, 2, 5, 10, 30, 60, 300, 1800, 3600, 6 * 3600, 86400, 3 * 86400),
)


def observe_batch(size: int, seconds: float) -> None:
    """One append transaction ended."""
    BATCH_DELIVERIES.observe(size)
    BATCH_SECONDS.observe(seconds)


def exposition(ledger: Ledger, projections: Projections, clock: Callable[[], float]) -> bytes:
    """All metrics of all worker processes, in Prometheus' text format."""
    counted = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    state = CollectorRegistry()
    state.register(_State(ledger, projections, clock))
    return generate_latest(counted) + generate_latest(state)


class _State(Collector):
    """What the database says now; without one, only that it cannot be reached."""

    def __init__(
        self, ledger: Ledger, projections: Projections, clock: Callable[[], float]
    ) -> None:
        self._log, self._projections, self._clock = ledger.log, projections, clock

    def collect(self) -> Iterator[Metric]:
        try:
            families = [*self._of_log(), *self._of_projections()]
        except StoreUnavailable:
            yield _gauge("ledger_store_up", "1 while the store can be read", 0)
            return
        yield _gauge("ledger_store_up", "1 while the store can be read", 1)
        yield from families

    def _of_log(self) -> Iterator[Metric]:
        position = self._log.head().position
        yield _gauge("ledger_position", "Position of the newest entry of the log", position)
        newest = self._log.after(position - 1, 1)
        if newest:
            age = self._clock() - newest[0].received_at / 1e6
            yield _gauge("ledger_last_event_age_seconds", "Since the newest entry", max(0.0, age))

    def _of_projections(self) -> Iterator[Metric]:
        gauges = {
            name: GaugeMetricFamily(f"ledger_projection_{name}", about, labels=["kind"])
            for name, about in {
                "lag_events": "Log entries a projection has still to read",
                "lag_seconds": "How long the oldest unread entry has waited",
                "dead_letters": "Events a projection could not fold",
                "differences": "Fields that were not what the log says at the last check",
            }.items()
        }
        for state in self._projections.states():
            for name, gauge in gauges.items():
                gauge.add_metric([state.kind], getattr(state, name) or 0)
        yield from gauges.values()


def _gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, value=value)
