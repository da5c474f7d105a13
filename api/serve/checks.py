"""When the rows are checked against the log: so many hours after the last time, whoever did it."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from projections import Projections

__all__ = ["Checks"]

_LOOK_SECONDS = 60.0
# Until one that failed is tried again.
_AGAIN_SECONDS = 3600.0


class Checks:
    """Starts a check where one is due; the follower goes on meanwhile."""

    def __init__(self, hours: int) -> None:
        self._hours = hours
        self._started_at = time.time()
        self._look_at = 0.0
        self._again_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def tend(self, projections: Projections) -> None:
        """Costs nothing but once a minute."""
        now = time.monotonic()
        if not self._hours or now < self._look_at:
            return
        self._look_at = now + _LOOK_SECONDS
        if self._process is not None and self._process.poll() is None:
            return
        # The first is due that long after the start: a start has enough to do.
        last = projections.checked_at() or self._started_at
        if time.time() >= last + 3600 * self._hours and now >= self._again_at:
            self._again_at = now + _AGAIN_SECONDS
            self._process = subprocess.Popen(
                [sys.executable, "-m", "api.serve.checker", str(os.getpid())]
            )

    def close(self) -> None:
        """A check at work is of no use to whoever waits for the end."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
