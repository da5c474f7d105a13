"""Gauges of the journal, read at each scrape."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from ledger import Log
from projections import Journal

__all__ = ["journal_metrics"]


def journal_metrics(journal: Journal, log: Log) -> Iterator[Metric]:
    """How far it has read, and how many lines no rule has an account for."""
    yield GaugeMetricFamily(
        "ledger_journal_lag_events",
        "Events in the log that the journal has not read yet",
        value=max(0, log.head().position - journal.position()),
    )
    yield GaugeMetricFamily(
        "ledger_journal_suspense_lines",
        "Lines of balance transactions whose category no rule knows",
        value=journal.suspense(),
    )
