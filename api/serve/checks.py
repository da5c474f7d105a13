"""When the rows are checked against the log: a fixed time after the last check, by any process."""

from __future__ import annotations

import os
import subprocess
import time

from api.serve.parent import module_command
from projections import Projections

__all__ = ["Checks"]

# How often the time of the last check is read from the database.
_LOOK_SECONDS = 60.0
# A check that failed is retried after this time.
_RETRY_SECONDS = 3600.0


class Checks:
    """Starts a check in a process of its own when one is due; the follower goes on meanwhile."""

    def __init__(self, hours: int) -> None:
        self._hours = hours
        self._look_seconds = 0.0
        self._retry_seconds = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def start_if_due(self, projections: Projections) -> None:
        """Start a check if it is due; asks the database at most once a minute."""
        seconds = time.monotonic()
        if not self._hours or seconds < self._look_seconds:
            return
        self._look_seconds = seconds + _LOOK_SECONDS
        if self._process is not None and self._process.poll() is None:
            return
        last = _last_checked(projections)
        if last is None:
            return
        if time.time() >= last + 3600 * self._hours and seconds >= self._retry_seconds:
            self._retry_seconds = seconds + _RETRY_SECONDS
            self._process = subprocess.Popen(module_command("api.serve.checker", os.getpid()))

    def close(self) -> None:
        """Kill a check that still runs: a shutdown does not wait for it."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def _last_checked(projections: Projections) -> float | None:
    """When the rows were last checked; before that, when the ledger received its first event.

    By what is stored, however short processes live. None: there is nothing to check.
    """
    checked_at = projections.checked_at()
    if checked_at is not None:
        return checked_at
    first = projections.log.after(0, 1)
    return first[0].received_at / 1e6 if first else None
