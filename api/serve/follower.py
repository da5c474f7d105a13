"""The follower: keeps the projections at the head of the log, whatever the database does."""

from __future__ import annotations

import signal
import sys
import threading

from api import logs
from api.serve.run import end_with_parent
from api.settings import Settings
from api.stores import stores
from ledger import StoreUnavailable

__all__ = ["follow", "run"]

# So many events at once are a backlog to work off without a rest.
_BACKLOG = 500
_DELAY_SECONDS_MIN = 0.25
_DELAY_SECONDS_MAX = 10.0


def follow(settings: Settings, stop: threading.Event) -> None:
    """Reads on until `stop` is set; a database that is away is waited for."""
    delay = _DELAY_SECONDS_MIN
    while not stop.is_set():
        try:
            with stores(settings) as (_, projections):
                while not stop.is_set():
                    if projections.follow(background=True) < _BACKLOG:
                        # A rest also under load: a few events at a time cost the most each.
                        stop.wait(settings.follow_interval_ms / 1000)
                    delay = _DELAY_SECONDS_MIN
        except StoreUnavailable as error:
            logs.log.warning("follower_waits", error=str(error), seconds=delay)
            stop.wait(delay)
            delay = min(delay * 2, _DELAY_SECONDS_MAX)


def run(settings: Settings) -> None:
    """Follows in this process until SIGTERM or Ctrl-C; the round at work is finished."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    follow(settings, stop)


if __name__ == "__main__":
    end_with_parent(int(sys.argv[1]))
    found = Settings.read()
    logs.configure(found.log_format)
    run(found)
