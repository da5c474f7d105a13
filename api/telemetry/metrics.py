"""Prometheus metrics: counters of deliveries, and gauges read from the store at each scrape.

Several worker processes need ``PROMETHEUS_MULTIPROC_DIR`` set before this module is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.notify.stores import NotifyStores
from api.stripe.figures import figures
from api.stripe.thin_store import ThinStore
from api.telemetry import multiprocess
from api.telemetry.balance_metrics import balance_metrics
from api.telemetry.journal_metrics import journal_metrics
from api.telemetry.notify_metrics import notify_metrics
from ledger import Ledger, StoreUnavailable
from projections import Journal, Projections

multiprocess.use_files()

DELIVERIES = Counter(
    "ledger_deliveries",
    "Deliveries to POST /webhooks/stripe, including refused ones",
    ["outcome", "reason"],
)
SIGNED_BY = Counter(
    "ledger_deliveries_signed_by", "Verified deliveries by name of the signing secret", ["secret"]
)
BODY_CONFLICTS = Counter(
    "ledger_body_conflicts",
    "Duplicate deliveries whose body differs in more than pending_webhooks",
)
BODY_BYTES = Histogram(
    "ledger_delivery_bytes",
    "Size of verified bodies in bytes",
    buckets=[2**n for n in range(9, 21)],
)
SECONDS = Histogram(
    "ledger_delivery_seconds",
    "Seconds to respond to a delivery",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
BATCH_DELIVERIES = Histogram(
    "ledger_append_batch_deliveries",
    "Deliveries committed in one transaction",
    buckets=[2**n for n in range(9)],
)
BATCH_SECONDS = Histogram(
    "ledger_append_batch_seconds",
    "Duration of one append transaction in seconds",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3),
)
QUEUE_DEPTH = Gauge(
    "ledger_append_queue_depth",
    "Deliveries waiting for the appender",
    multiprocess_mode="livesum",
)
EVENT_DELAY_SECONDS = Histogram(
    "ledger_event_delay_seconds",
    "Seconds from Stripe's created to our received_at, of stored events",
    buckets=(1, 2, 5, 10, 30, 60, 300, 1800, 3600, 6 * 3600, 86400, 3 * 86400),
)

ENDPOINT_ENABLED = Gauge(
    "ledger_endpoint_enabled",
    "1 while Stripe sends to an endpoint that leads here, as asked hourly",
    ["endpoint"],
    multiprocess_mode="livemostrecent",
)
ENDPOINT_MISSING_EVENTS = Gauge(
    "ledger_endpoint_missing_events",
    "Types that are projected and that an endpoint does not send",
    ["endpoint"],
    multiprocess_mode="livemostrecent",
)


def observe_batch(size: int, seconds: float) -> None:
    """Record one append transaction: how many deliveries it held and how long it took."""
    BATCH_DELIVERIES.observe(size)
    BATCH_SECONDS.observe(seconds)


def exposition(
    ledger: Ledger,
    projections: Projections,
    notify: NotifyStores,
    journal: Journal,
    clock: Callable[[], float],
) -> bytes:
    """All metrics of all worker processes, in Prometheus' text format."""
    gauges = CollectorRegistry()
    gauges.register(_StoreCollector(ledger, projections, notify, journal, clock))
    return _counters() + generate_latest(gauges)


def _counters() -> bytes:
    if not multiprocess.is_used():
        return generate_latest(REGISTRY)
    try:
        return generate_latest(multiprocess.collect())
    except OSError:
        # A file was removed while it was read. The next scrape has them again.
        return b""


class _StoreCollector(Collector):
    """Gauges read from the databases; of one that cannot be read, only that it is not up."""

    def __init__(
        self,
        ledger: Ledger,
        projections: Projections,
        notify: NotifyStores,
        journal: Journal,
        clock: Callable[[], float],
    ) -> None:
        self._log, self._projections, self._clock = ledger.log, projections, clock
        self._notify = notify
        self._journal = journal

    def collect(self) -> Iterator[Metric]:
        parts = {
            "ledger_store_up": ("1 while the store can be read", self._of_log),
            "ledger_projections_up": ("1 while the projections can be read", self._of_projections),
            "ledger_notifications_up": (
                "1 while notifications can be read",
                self._of_notifications,
            ),
            "ledger_journal_up": ("1 while the journal can be read", self._of_journal),
        }
        for name, (description, read) in parts.items():
            try:
                families = [*read()]
            except StoreUnavailable:
                yield _gauge(name, description, 0)
            else:
                yield _gauge(name, description, 1)
                yield from families

    def _of_log(self) -> Iterator[Metric]:
        position = self._log.head().position
        yield _gauge("ledger_position", "Position of the newest event in the log", position)
        newest = self._log.after(position - 1, 1)
        if newest:
            age = self._clock() - newest[0].received_at / 1e6
            yield _gauge(
                "ledger_last_event_age_seconds",
                "Seconds since the newest event was received",
                max(0.0, age),
            )

        yield from self._of_sweeps()
        thin = ThinStore(self._log.engine).figures()
        yield _gauge(
            "ledger_thin_events", "Thin events in the log, which show no object", thin.events
        )
        yield _gauge(
            "ledger_thin_events_waiting",
            "Thin events whose object has not been fetched: without a key, all",
            thin.waiting,
        )

    def _of_sweeps(self) -> Iterator[Metric]:
        """What was fetched from Stripe, and how long ago the last sweep of all accounts ended."""
        seconds = self._clock()
        fetched = figures(self._log.engine, seconds)
        missed, early = (
            CounterMetricFamily(name, description, labels=["type"])
            for name, description in (
                (
                    "ledger_events_missed",
                    "Fetched events whose webhook did not come within three days",
                ),
                ("ledger_events_early", "Fetched events whose webhook came after them"),
            )
        )
        for type_, of_type in fetched.by_type.items():
            missed.add_metric([type_], of_type.missed)
            early.add_metric([type_], of_type.early)
        yield from (missed, early)
        awaited = sum(of_type.awaited for of_type in fetched.by_type.values())
        description = "Fetched events whose webhook may still come"
        yield _gauge("ledger_events_awaited", description, awaited)
        age = GaugeMetricFamily(
            "ledger_sweep_age_seconds", "Age of the end of the oldest sweep of an account"
        )
        if fetched.swept_until is not None:
            age.add_metric([], max(0.0, seconds - fetched.swept_until))
        yield age
        yield from balance_metrics(self._log.engine, seconds)

    def _of_notifications(self) -> Iterator[Metric]:
        return notify_metrics(self._notify, self._log, self._clock)

    def _of_journal(self) -> Iterator[Metric]:
        return journal_metrics(self._journal, self._log)

    def _of_projections(self) -> Iterator[Metric]:
        gauges = {
            name: GaugeMetricFamily(f"ledger_projection_{name}", description, labels=["kind"])
            for name, description in {
                "lag_events": "Events in the log that a projection has not read yet",
                "lag_seconds": "Age of the oldest event that a projection has not read yet",
                "dead_letters": "Events that a projection could not read or store",
                "of_another_log": "1 where a projection was made from another log, and not served",
                "differences": "Fields that differed from the log at the last check",
            }.items()
        }
        for state in self._projections.states():
            for name, gauge in gauges.items():
                gauge.add_metric([state.kind], getattr(state, name) or 0)
        yield from gauges.values()


def _gauge(name: str, description: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, description, value=value)
