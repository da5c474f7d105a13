"""The follower: keeps the projections up to date with the log, whatever the database does."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress

from api.config.databases import stores
from api.config.settings import Settings
from api.serve.checks import Checks
from api.serve.loop import run_as_child
from api.telemetry import logs
from ledger import LedgerError, StoreUnavailable
from projections import BalanceChange, Journal, LeaderLease, Projections

__all__ = ["follow"]

# A round that read this many events has a backlog before it: the next one starts without a pause.
_BACKLOG_EVENTS = 2000
# Under load it pauses three times as long as it worked. Small batches cost the most per event, and
# receiving webhooks has the first claim on the processor.
_PAUSE_FACTOR = 3
_PAUSE_SECONDS_MAX = 0.5
_STANDBY_SECONDS = 0.5
_NICENESS = 10
# The journal reads so many events at a time: rows wait no longer for it.
_JOURNAL_BATCH = 500
_RETRY_SECONDS_MIN = 0.25
_RETRY_SECONDS_MAX = 10.0


def follow(settings: Settings, stop: threading.Event) -> None:
    """Read the log and project its events until `stop` is set; retry while the database is away."""
    retry_seconds = _RETRY_SECONDS_MIN
    # Created once, for it needs no database: a background rebuild survives an outage.
    checks = Checks(settings.check_hours)
    with (
        stores(settings) as (ledger, projections),
        closing(Journal.open(ledger)) as journal,
        closing(checks),
        ExitStack() as stack,
    ):
        leader = projections.leader()
        stack.callback(_release, leader)
        while not stop.is_set():
            started = time.monotonic()
            try:
                if not leader.is_held():
                    stop.wait(_STANDBY_SECONDS)
                    continue
                events = projections.follow(background=True)
                if events < _BACKLOG_EVENTS:
                    # Rows first: the journal is a step behind them.
                    events += keep_journal(journal)
                checks.start_if_due(projections)
            except StoreUnavailable as error:
                logs.log.warning("follower_waits", error=str(error), seconds=retry_seconds)
                _make_tables(projections, journal)
                stop.wait(retry_seconds)
                retry_seconds = min(retry_seconds * 2, _RETRY_SECONDS_MAX)
                continue
            retry_seconds = _RETRY_SECONDS_MIN
            if events < _BACKLOG_EVENTS:
                pause = min(_PAUSE_FACTOR * (time.monotonic() - started), _PAUSE_SECONDS_MAX)
                stop.wait(max(pause, settings.follow_interval_ms / 1000))


def _make_tables(projections: Projections, journal: Journal) -> None:
    """Make the projections anew if somebody has removed their file: they follow from the log."""
    with suppress(LedgerError):
        projections.create()
        journal.create()


def keep_journal(journal: Journal) -> int:
    """Read the journal on by a small batch; returns how many events count as a backlog.

    Rows go on whatever becomes of it.
    """
    try:
        count = journal.follow(batch=_JOURNAL_BATCH, on_change=_log_changes)
    except StoreUnavailable:
        raise
    except Exception as error:
        logs.warn_once("journal_not_followed", error=f"{type(error).__name__}: {error}")
        return 0
    return _BACKLOG_EVENTS if count == _JOURNAL_BATCH else count


def _log_changes(changes: Sequence[BalanceChange]) -> None:
    """Log what new rules make of the balances, before their journal serves."""
    for change in changes:
        either = change.after or change.before
        assert either is not None
        logs.log.warning(
            "journal_rules_changed",
            account=either.book.account,
            livemode=either.book.livemode,
            ledger_account=either.ledger_account,
            currency=either.currency,
            before=change.before and change.before.balance,
            after=change.after and change.after.balance,
        )


def _release(leader: LeaderLease) -> None:
    """Let another follower lead at once; without a database, the lease expires by itself."""
    with suppress(StoreUnavailable):
        leader.release()


if __name__ == "__main__":
    run_as_child(follow, niceness=_NICENESS)
