"""When the rows are checked against the log: a fixed time after the last check, by any process."""

from __future__ import annotations

import os
import subprocess
import sys
import time

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
        self._started_at = time.time()
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
        # The first check is due that long after the start, when there is enough else to do.
        last = projections.checked_at() or self._started_at
        if time.time() >= last + 3600 * self._hours and seconds >= self._retry_seconds:
            self._retry_seconds = seconds + _RETRY_SECONDS
            self._process = subprocess.Popen(
                [sys.executable, "-m", "api.serve.checker", str(os.getpid())]
            )

    def close(self) -> None:
        """Kill a check that still runs: a shutdown does not wait for it."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
