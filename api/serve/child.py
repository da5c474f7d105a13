"""A child process that is restarted when it dies, with a longer delay each time it dies young."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from api.telemetry import logs

__all__ = ["Child"]

_DELAY_SECONDS_MIN = 0.5
_DELAY_SECONDS_MAX = 30.0
_HEALTHY_SECONDS = 10.0


class Child:
    """One module of `api.serve` as a process; its first argument is this process's id."""

    def __init__(self, name: str, *arguments: object) -> None:
        self.name = name
        self._arguments = [str(argument) for argument in arguments]
        self._process: subprocess.Popen[bytes] | None = None
        self._delay_seconds = 0.0
        self._started_seconds = 0.0
        self._due_seconds = 0.0

    def ensure_running(self) -> None:
        """Start it if it does not run and its delay is over."""
        seconds = time.monotonic()
        if self._process is not None:
            status = self._process.poll()
            if status is None:
                return
            self._process = None
            self._schedule_restart(seconds, status)
        if seconds >= self._due_seconds:
            self._start(seconds)

    def terminate(self) -> None:
        """Send it SIGTERM."""
        if self._process is not None:
            self._process.terminate()

    def wait(self, seconds: float) -> bool:
        """Wait for its end and kill it after so many seconds; whether it ended by itself."""
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

    def _schedule_restart(self, seconds: float, status: int) -> None:
        """Restart at once after a long life, otherwise after twice the previous delay."""
        if seconds - self._started_seconds >= _HEALTHY_SECONDS:
            self._delay_seconds = 0.0
        self._due_seconds = seconds + self._delay_seconds
        logs.log.error(
            "child_died", child=self.name, status=status, restart_in_seconds=self._delay_seconds
        )
        doubled = max(_DELAY_SECONDS_MIN, self._delay_seconds * 2)
        self._delay_seconds = min(doubled, _DELAY_SECONDS_MAX)

    def _start(self, seconds: float) -> None:
        # Ctrl-C reaches every process of a terminal; only the supervisor acts on it.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"api.serve.{self.name}", str(os.getpid()), *self._arguments]
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        self._started_seconds = seconds
