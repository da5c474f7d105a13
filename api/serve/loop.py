"""What the processes that work in rounds have alike: how they start as children, and are ended."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection

from api.config.settings import Settings
from api.serve.parent import end_with_parent, report_started
from api.telemetry import logs

__all__ = ["Work", "run_as_child", "until_stopped"]

# Works until the event is set.
Work = Callable[[Settings, threading.Event], None]


def until_stopped(work: Work, settings: Settings) -> None:
    """Work in this process until SIGTERM or Ctrl-C; the current round is finished."""
    stop = threading.Event()

    def request(*_: object) -> None:
        # In a thread of its own: `set` takes a lock that this one may hold, inside `wait`.
        threading.Thread(target=stop.set, daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, request)
    work(settings, stop)


def run_as_child(work: Work, *, niceness: int) -> None:
    """``until_stopped`` in a child of the supervisor, which ends with it; for ``__main__``."""
    end_with_parent(int(sys.argv[1]))
    os.nice(niceness)
    settings = Settings.read()
    logs.configure(settings.log_format)
    report_started(Connection(int(sys.argv[2]), readable=False))
    until_stopped(work, settings)
