"""A child process that is started again when it dies, later each time it dies young."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from api.telemetry import logs

__all__ = ["Child"]

_DELAY_SECONDS_MAX = 30.0
_HEALTHY_SECONDS = 10.0


class Child:
    """One module of `api.serve`, run as a process of its own; it is told the parent's id first."""

    def __init__(self, name: str, *arguments: object) -> None:
        self.name = name
        self._arguments = [str(argument) for argument in arguments]
        self._process: subprocess.Popen[bytes] | None = None
        self._delay_seconds = 0.0
        self._started_at = 0.0
        self._due_at = 0.0

    def keep(self) -> None:
        """Starts it where it does not run and its time has come."""
        now = time.monotonic()
        if self._process is not None:
            status = self._process.poll()
            if status is None:
                return
            self._process = None
            self._put_off(now, status)
        if now >= self._due_at:
            self._start(now)

    def terminate(self) -> None:
        """Asks it to end."""
        if self._process is not None:
            self._process.terminate()

    def wait(self, seconds: float) -> bool:
        """Waits for its end, kills it after so many seconds; whether it ended by itself."""
        if self._process is None:
            return True
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            logs.log.error("child_killed", child=self.name, after_seconds=seconds)
            self._process.kill()
            self._process.wait()
            return False
        return True

    def _put_off(self, now: float, status: int) -> None:
        """At once after a long life, else after twice as long as the last time."""
        lived = now - self._started_at
        if lived >= _HEALTHY_SECONDS:
            self._delay_seconds = 0.0
        self._due_at = now + self._delay_seconds
        logs.log.error(
            "child_died", child=self.name, status=status, restart_in_seconds=self._delay_seconds
        )
        self._delay_seconds = min(max(0.5, self._delay_seconds * 2), _DELAY_SECONDS_MAX)

    def _start(self, now: float) -> None:
        """Ctrl-C reaches every process of a terminal; it is the supervisor who acts on it."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"api.serve.{self.name}", str(os.getpid()), *self._arguments]
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self._started_at = now
