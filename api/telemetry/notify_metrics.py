"""Gauges of notifications, read at each scrape: the feed, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from api.notify.stores import NotifyStores
from ledger import Log

__all__ = ["notify_metrics"]


def notify_metrics(stores: NotifyStores, log: Log, clock: Callable[[], float]) -> Iterator[Metric]:
    """Those of the feed, then those of subscribers; ``clock`` returns Unix seconds."""
    yield from _of_feed(stores, log, clock)
    yield from _of_subscribers(stores, clock)


def _of_feed(stores: NotifyStores, log: Log, clock: Callable[[], float]) -> Iterator[Metric]:
    rises = CounterMetricFamily(
        "ledger_notifications", "Notifications in the feed", labels=["type"]
    )
    for type_, count in sorted(stores.feed.counts().items()):
        rises.add_metric([type_], count)
    yield rises
    position, head = stores.feed.position(), log.head().position
    yield GaugeMetricFamily(
        "ledger_feed_lag_events",
        "Events in the log that the feed of notifications has not read yet",
        value=max(0, head - position),
    )
    oldest = log.after(position, 1) if position < head else []
    yield GaugeMetricFamily(
        "ledger_feed_lag_seconds",
        "Age of the oldest event that the feed of notifications has not read yet",
        value=max(0.0, clock() - oldest[0].received_at / 1e6) if oldest else 0.0,
    )


def _of_subscribers(stores: NotifyStores, clock: Callable[[], float]) -> Iterator[Metric]:
    attempts = CounterMetricFamily(
        "ledger_notification_attempts",
        "Attempts to hand a notification to a subscriber",
        labels=["subscriber", "outcome"],
    )
    gauges = {
        name: GaugeMetricFamily(name, description, labels=["subscriber"])
        for name, description in {
            "ledger_subscriber_paused": "1 while nothing is handed to a subscriber",
            "ledger_notifications_given_up": "Notifications that no try could hand over",
            "ledger_notification_oldest_seconds": "Age of the oldest undelivered notification",
        }.items()
    }
    paused, given_up, oldest = gauges.values()
    counts, since = stores.deliveries.given_up(), stores.deliveries.oldest()
    for subscriber in stores.subscribers.list():
        attempts.add_metric([subscriber.id, "delivered"], subscriber.delivered)
        attempts.add_metric([subscriber.id, "failed"], subscriber.failed)
        paused.add_metric([subscriber.id], int(subscriber.state != "active"))
        given_up.add_metric([subscriber.id], counts.get(subscriber.id, 0))
        waits = clock() - since[subscriber.id] / 1e6 if subscriber.id in since else 0.0
        oldest.add_metric([subscriber.id], max(0.0, waits))
    yield from (attempts, *gauges.values())
