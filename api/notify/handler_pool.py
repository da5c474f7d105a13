"""The notifier's processes of handlers: each runs one handler at a time, and can be killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import threading
import time
from collections.abc import Collection
from contextlib import suppress

from sqlalchemy import URL

from api.notify.attempts import Outcome
from api.notify.claims import Claimed, Recipient
from api.notify.handler_messages import (
    ERROR_CHARACTERS,
    Answer,
    Done,
    Locked,
    Refused,
    Start,
    Started,
    Task,
)
from api.notify.handlers import HandlersRefused, check_handlers
from api.notify.results import Result
from api.serve.parent import module_command

__all__ = ["HandlerPool", "patterns_of"]

_TIMEOUT_SECONDS = 30.0
# Longer than any import takes, on a busy machine too.
_START_SECONDS = 60.0
# How long a handler's transaction may hold the lock of SQLite's file: senders wait for it.
_LOCK_SECONDS = 0.5
_POLL_SECONDS = 0.1
_CLOSE_SECONDS = 2.0


class HandlerPool:
    """Processes that run a module's handlers, made when they are needed and when one has ended.

    ``url`` is that of the database of deliveries.
    """

    def __init__(
        self, module: str, url: URL, *, processes: int = 2, timeout: float = _TIMEOUT_SECONDS
    ) -> None:
        self._start = Start(module, url, int(timeout * 1000))
        self._timeout = timeout
        self._slots = threading.BoundedSemaphore(processes)
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._busy: set[_Process] = set()
        self._is_closed = False

    def deliver(self, recipient: Recipient, claimed: Claimed) -> Result:
        """Run the handler of a claimed delivery in one of the processes, and wait for its end.

        For as many threads at once as there are processes; others wait. Never raises for what a
        handler or its process does. What a handler with a connection did is recorded already; to
        record it again does nothing. So it is with the failure of a process that died just after.
        """
        task = Task(recipient.subscriber.handler or "", claimed)
        with self._slots:
            return self._run(task)

    def close(self, seconds: float = _TIMEOUT_SECONDS) -> None:
        """End the processes; a handler that takes longer than so many seconds more is killed."""
        deadline = time.monotonic() + seconds
        with self._lock:
            self._is_closed = True
        while self._busy and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        with self._lock:
            for process in self._busy:
                process.give_up()
            idle, self._idle = self._idle, []
        for process in idle:
            process.end()

    def _run(self, task: Task) -> Result:
        if self._is_closed:
            return _result(task, Done("the notifier ends"), time.time_ns())
        try:
            process = self._take()
        except (HandlersRefused, OSError) as error:
            return _result(task, Done(str(error)[:ERROR_CHARACTERS]), time.time_ns())
        started_ns = time.time_ns()
        try:
            if task.pattern in process.patterns:
                done = process.run(task, self._timeout)
            else:
                done = Done(f"HANDLERS has no {task.pattern!r}")
        finally:
            self._give_back(process)
        return _result(task, done, started_ns)

    def _take(self) -> _Process:
        while (process := self._idle_process()) is not None:
            if process.is_alive():
                break
            process.end()
        else:
            process = _Process(self._start)
        with self._lock:
            self._busy.add(process)
        return process

    def _idle_process(self) -> _Process | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _give_back(self, process: _Process) -> None:
        with self._lock:
            self._busy.discard(process)
            if process.is_usable and not self._is_closed:
                self._idle.append(process)
                return
        process.end()


def _result(task: Task, done: Done, started_ns: int) -> Result:
    milliseconds = max(0, time.time_ns() - started_ns) // 1_000_000
    outcome: Outcome = "delivered" if done.error is None else "failed"
    return Result(task.claimed, started_ns // 1000, milliseconds, outcome, error=done.error)


class _Process:
    """One process of handlers; used by a thread at a time, but for ``give_up``."""

    def __init__(self, start: Start) -> None:
        """Wait until it has imported the module; raises ``HandlersRefused``."""
        self._link, link = multiprocessing.Pipe()
        # A group of its own: what a handler has started is killed with it, and Ctrl-C is the
        # notifier's.
        self._process = subprocess.Popen(
            module_command("api.notify.handler_process", os.getpid(), link.fileno()),
            stdin=subprocess.DEVNULL,
            pass_fds=(link.fileno(),),
            start_new_session=True,
        )
        link.close()
        self.is_usable = True
        self._is_given_up = False
        try:
            self.patterns = self._handshake(start)
        except BaseException:
            self.kill()
            self.end()
            raise

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Send SIGKILL to it and to what it has started."""
        self.is_usable = False
        if self._process.returncode is None:  # else its id may be another's by now
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def give_up(self) -> None:
        """Let the thread that waits for its handler kill it."""
        self._is_given_up = True

    def end(self) -> None:
        """Hang up and collect it; it is killed where it does not end by that."""
        self._link.close()
        try:
            self._process.wait(_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()

    def run(self, task: Task, timeout: float) -> Done:
        """Run a handler; a process that dies, or is killed for its handler, is a failure of it."""
        deadline, reason = time.monotonic() + timeout, f"it took longer than {timeout:g} s"
        try:
            self._link.send(task)
            while (answer := self._answer(deadline)) is not None:
                if isinstance(answer, Done):
                    return answer
                if isinstance(answer, Locked):
                    locked = time.monotonic() + _LOCK_SECONDS
                    if locked < deadline:
                        held = f"{_LOCK_SECONDS * 1000:g} ms"
                        reason = f"its transaction held the database's lock for more than {held}"
                        deadline = locked
        except (EOFError, OSError):
            return Done(self._death())
        self.kill()
        return Done(f"killed: {'the notifier ends' if self._is_given_up else reason}")

    def _handshake(self, start: Start) -> tuple[str, ...]:
        try:
            self._link.send(start)
            answer = self._answer(time.monotonic() + _START_SECONDS)
        except (EOFError, OSError):
            raise HandlersRefused(start.module, f"cannot be imported: {self._death()}") from None
        if isinstance(answer, Started):
            return answer.patterns
        if isinstance(answer, Refused):
            raise HandlersRefused(start.module, answer.reason)
        raise HandlersRefused(
            start.module, f"cannot be imported: that took longer than {_START_SECONDS:g} s"
        )

    def _answer(self, deadline: float) -> Answer | None:
        """The next message; None where there is none in time. Raises ``EOFError`` at its end.

        What a handler has started may keep the link open beyond the process itself.
        """
        while not self._link.poll(max(0.0, min(_POLL_SECONDS, deadline - time.monotonic()))):
            if self._is_given_up or time.monotonic() >= deadline:
                return None
            if not self.is_alive() and not self._link.poll():
                raise EOFError
        answer: Answer = self._link.recv()
        return answer

    def _death(self) -> str:
        """How the process died, in words."""
        self.is_usable = False
        try:
            status = self._process.wait(_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return "its process hung up"
        if status < 0:
            return f"its process was killed by {signal.Signals(-status).name}"
        return f"its process ended with status {status}"


def patterns_of(module: str, url: URL, types: Collection[str]) -> tuple[str, ...]:
    """The patterns of a module's handlers, which are checked: a process imports it and ends.

    Raises ``HandlersRefused``, whose text is a line: for the start of a ledger.
    """
    process = _Process(Start(module, url, int(_TIMEOUT_SECONDS * 1000)))
    process.end()
    check_handlers(module, process.patterns, types)
    return process.patterns
