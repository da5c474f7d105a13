"""The metrics of the recorder of balance transactions, read from its tables."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from sqlalchemy import Engine

from api.stripe.balance_store import BalanceStore

__all__ = ["balance_metrics"]


def balance_metrics(engine: Engine, seconds: float) -> Iterator[Metric]:
    """What waits at a time (Unix seconds), and how old the oldest sweep is."""
    backlog = BalanceStore.backlog(engine, seconds)
    for name, description, value in (
        (
            "ledger_balance_wanted",
            "Balance transactions and payouts to be asked for at some time",
            backlog.wanted,
        ),
        ("ledger_balance_backlog", "Of these those that are due", backlog.due),
    ):
        yield GaugeMetricFamily(name, description, value=value)
    ages = {
        "ledger_balance_backlog_age_seconds": ("Age of the oldest that is due", backlog.oldest_due),
        "ledger_balance_sweep_age_seconds": (
            "Age of the end of the oldest sweep",
            backlog.swept_until,
        ),
    }
    for name, (description, since) in ages.items():
        age = GaugeMetricFamily(name, description)
        if since is not None:
            age.add_metric([], max(0.0, seconds - since))
        yield age
