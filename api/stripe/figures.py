"""What the sweeps found, as figures: the proof that webhooks lose nothing, or what they lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, RowMapping, inspect, text

from api.stripe.tables import FETCHED
from ledger.database import read_transaction

__all__ = ["FetchedFigures", "Figures", "LastDelivery", "figures", "last_delivery"]

# Stripe retries for three days; what came later than that was missed.
_MISSED_SECONDS = 3 * 86_400

# A cross join, for SQLite would read all of the log to join few notes to it.
# A note whose event is a webhook's after all (it came between note and append) does not count.
_BY_TYPE = text("""
    SELECT type,
        SUM(CASE WHEN is_late AND due_at < :seconds THEN 1 ELSE 0 END) AS missed,
        SUM(CASE WHEN NOT is_late THEN 1 ELSE 0 END) AS early,
        SUM(CASE WHEN is_late AND due_at >= :seconds THEN 1 ELSE 0 END) AS awaited,
        MIN(CASE WHEN is_late AND due_at < :seconds THEN created END) AS oldest_missed,
        MAX(CASE WHEN NOT is_late THEN delivered_at - created END) AS longest_delay
    FROM (
        SELECT fetched.type, fetched.created, delivered_at, fetched.created + :missed AS due_at,
            delivered_at IS NULL OR delivered_at > fetched.created + :missed AS is_late
        FROM ledger_stripe_fetched AS fetched
        CROSS JOIN ledger_events
        WHERE ledger_events.event_id = fetched.event_id AND ledger_events.source = 'api'
    ) AS noted
    GROUP BY type ORDER BY type
""")
# Of the mode that is swept: the other's key may have been another day's.
_OLDEST = text("""
    SELECT MIN(swept_until) FROM ledger_stripe_sweeps
    WHERE is_gone = :no AND swept_until > 0 AND livemode = (
        SELECT livemode FROM ledger_stripe_sweeps ORDER BY swept_until DESC LIMIT 1
    )
""")

_LAST_DELIVERY = text("""
    SELECT received_at, api_version FROM ledger_events
    WHERE source = 'webhook' AND livemode = :livemode ORDER BY id DESC LIMIT 1
""")


@dataclass(frozen=True, slots=True)
class FetchedFigures:
    """Of the fetched events of a type: how many whose webhook never came, or not in three days
    (``missed``), came after them (``early``), or may still come (``awaited``).

    ``oldest_missed`` is a time, ``longest_delay`` of a webhook in seconds.
    """

    missed: int
    early: int
    awaited: int
    oldest_missed: int | None
    longest_delay: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures by type; and until when all accounts are swept (None: nothing was)."""

    by_type: Mapping[str, FetchedFigures]
    swept_until: int | None


def figures(engine: Engine, seconds: float) -> Figures:
    """The figures at a time (Unix seconds); raises ``StoreUnavailable``."""
    with read_transaction(engine) as connection:
        if not inspect(connection).has_table(FETCHED.name):
            return Figures({}, None)
        values = {"seconds": int(seconds), "missed": _MISSED_SECONDS}
        rows = connection.execute(_BY_TYPE, values).mappings().all()
        oldest = connection.execute(_OLDEST, {"no": False}).scalar()
    return Figures({row["type"]: _of_row(row) for row in rows}, oldest)


def _of_row(row: RowMapping) -> FetchedFigures:
    return FetchedFigures(**{name: value for name, value in row.items() if name != "type"})


@dataclass(frozen=True, slots=True)
class LastDelivery:
    """The newest verified webhook of a mode: when it came (Unix seconds), and its API version."""

    received_at: int
    api_version: str | None


def last_delivery(engine: Engine, livemode: bool) -> LastDelivery | None:
    """The newest webhook that was verified: only that shows that a secret is the endpoint's."""
    with read_transaction(engine) as connection:
        row = connection.execute(_LAST_DELIVERY, {"livemode": livemode}).first()
    return None if row is None else LastDelivery(row.received_at // 1_000_000, row.api_version)
