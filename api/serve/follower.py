"""The follower: keeps the projections up to date with the log, whatever the database does."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, closing, suppress

from api.config.databases import stores
from api.config.settings import Settings
from api.serve.checks import Checks
from api.serve.loop import run_as_child
from api.telemetry import logs
from ledger import LedgerError, StoreUnavailable
from projections import LeaderLease, Projections

__all__ = ["follow"]

# A round that read this many events has a backlog before it: the next one starts without a pause.
_BACKLOG_EVENTS = 2000
# Under load it pauses three times as long as it worked. Small batches cost the most per event, and
# receiving webhooks has the first claim on the processor.
_PAUSE_FACTOR = 3
_PAUSE_SECONDS_MAX = 0.5
_STANDBY_SECONDS = 0.5
_NICENESS = 10
_RETRY_SECONDS_MIN = 0.25
_RETRY_SECONDS_MAX = 10.0


def follow(settings: Settings, stop: threading.Event) -> None:
    """Read the log and project its events until `stop` is set; retry while the database is away."""
    retry_seconds = _RETRY_SECONDS_MIN
    # Created once, for it needs no database: a background rebuild survives an outage.
    checks = Checks(settings.check_hours)
    with stores(settings) as (_, projections), closing(checks), ExitStack() as stack:
        leader = projections.leader()
        stack.callback(_release, leader)
        while not stop.is_set():
            started = time.monotonic()
            try:
                if not leader.is_held():
                    stop.wait(_STANDBY_SECONDS)
                    continue
                events = projections.follow(background=True)
                checks.start_if_due(projections)
            except StoreUnavailable as error:
                logs.log.warning("follower_waits", error=str(error), seconds=retry_seconds)
                _make_tables(projections)
                stop.wait(retry_seconds)
                retry_seconds = min(retry_seconds * 2, _RETRY_SECONDS_MAX)
                continue
            retry_seconds = _RETRY_SECONDS_MIN
            if events < _BACKLOG_EVENTS:
                pause = min(_PAUSE_FACTOR * (time.monotonic() - started), _PAUSE_SECONDS_MAX)
                stop.wait(max(pause, settings.follow_interval_ms / 1000))


def _make_tables(projections: Projections) -> None:
    """Make the projections anew if somebody has removed their file: they follow from the log."""
    with suppress(LedgerError):
        projections.create()


def _release(leader: LeaderLease) -> None:
    """Let another follower lead at once; without a database, the lease expires by itself."""
    with suppress(StoreUnavailable):
        leader.release()


if __name__ == "__main__":
    run_as_child(follow, niceness=_NICENESS)
