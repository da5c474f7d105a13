"""The follower: keeps the projections at the head of the log, whatever the database does."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from api.config.databases import stores
from api.config.settings import Settings
from api.serve.checks import Checks
from api.serve.run import end_with_parent
from api.telemetry import logs
from ledger import StoreUnavailable
from projections import Lead

__all__ = ["follow", "run"]

# So many events at once are a backlog to work off without a rest.
_BACKLOG = 2000
# Under load it rests three times as long as it worked: a few events at a time cost the most each,
# and the processor belongs to the way in first.
_REST = 3
_REST_SECONDS_MAX = 0.5
_STANDBY_SECONDS = 0.5
_NICENESS = 10
_DELAY_SECONDS_MIN = 0.25
_DELAY_SECONDS_MAX = 10.0


def follow(settings: Settings, stop: threading.Event) -> None:
    """Reads on until `stop` is set; a database that is away is waited for."""
    delay = _DELAY_SECONDS_MIN
    # Opened once, for it needs no database: what is rebuilt in the background outlives an outage.
    checks = Checks(settings.check_hours)
    with (
        stores(settings) as (_, projections),
        closing(checks),
        _leaving(projections.lead()) as lead,
    ):
        while not stop.is_set():
            started = time.monotonic()
            try:
                if not lead.is_ours():
                    stop.wait(_STANDBY_SECONDS)
                    continue
                read = projections.follow(background=True)
                checks.tend(projections)
            except StoreUnavailable as error:
                logs.log.warning("follower_waits", error=str(error), seconds=delay)
                stop.wait(delay)
                delay = min(delay * 2, _DELAY_SECONDS_MAX)
                continue
            delay = _DELAY_SECONDS_MIN
            if read < _BACKLOG:
                rest = min(_REST * (time.monotonic() - started), _REST_SECONDS_MAX)
                stop.wait(max(rest, settings.follow_interval_ms / 1000))


@contextmanager
def _leaving(lead: Lead) -> Iterator[Lead]:
    """Hands the lead on at an orderly end."""
    try:
        yield lead
    finally:
        # Where the database is away, the others will see soon enough that nobody leads.
        with suppress(StoreUnavailable):
            lead.close()


def run(settings: Settings) -> None:
    """Follows in this process until SIGTERM or Ctrl-C; the round at work is finished."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    follow(settings, stop)


if __name__ == "__main__":
    end_with_parent(int(sys.argv[1]))
    os.nice(_NICENESS)
    found = Settings.read()
    logs.configure(found.log_format)
    run(found)
