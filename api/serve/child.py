"""A child process that is restarted when it dies, with a longer delay each time it dies young."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection

from api.serve.parent import module_command
from api.telemetry import logs
from ledger import LedgerError

__all__ = ["CannotStart", "Child"]

_DELAY_SECONDS_MIN = 0.5
_DELAY_SECONDS_MAX = 30.0
_HEALTHY_SECONDS = 10.0
_FAILURES_MAX = 3


class CannotStart(LedgerError):
    """A child process died several times before it had started."""


class Child:
    """One module of `api.serve` as a process.

    Its first arguments are this process's id and the descriptor of a pipe, into which it writes
    when it has started. ``starts_last``: once the ledger answers.
    """

    def __init__(
        self,
        name: str,
        *arguments: object,
        descriptors: Sequence[int] = (),
        starts_last: bool = False,
    ) -> None:
        self.name = name
        self.starts_last = starts_last
        self._arguments = arguments
        self._descriptors = tuple(descriptors)
        self._process: subprocess.Popen[bytes] | None = None
        self._started: Connection | None = None
        self._has_started = False
        self._failures = 0
        self._delay_seconds = 0.0
        self._started_seconds = 0.0
        self._due_seconds = 0.0

    def ensure_running(self) -> None:
        """Start it if it does not run and its delay is over.

        Raises `CannotStart` if it died several times and has never started. What has started once
        is restarted for ever: that the follower dies must not stop the webhooks.
        """
        seconds = time.monotonic()
        if self._process is not None:
            status = self._process.poll()
            if status is None:
                return
            self._count_failure(status)
            self._process = None
            self._schedule_restart(seconds, status)
        if seconds >= self._due_seconds:
            self._start(seconds)

    def has_started(self) -> bool:
        """Whether it has ever reported that it started."""
        if not self._has_started and self._started is not None and self._started.poll():
            with suppress(EOFError):  # it died before
                self._started.recv_bytes()
                self._has_started = True
        return self._has_started

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

    def _count_failure(self, status: int) -> None:
        self._failures += 1
        if self._failures >= _FAILURES_MAX and not self.has_started():
            raise CannotStart(
                f"the process {self.name} cannot start: it ended {self._failures} times with status"
                f" {status}; what it printed is above"
            )

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
        if self._started is not None:
            self._started.close()
        self._started, started = multiprocessing.Pipe(duplex=False)
        # Ctrl-C reaches every process of a terminal; only the supervisor acts on it.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process = subprocess.Popen(
                module_command(
                    f"api.serve.{self.name}", os.getpid(), started.fileno(), *self._arguments
                ),
                pass_fds=(started.fileno(), *self._descriptors),
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            started.close()
        self._started_seconds = seconds
