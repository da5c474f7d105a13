"""The notifier's processes of handlers: each runs one handler at a time, and can be killed."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from contextlib import closing

from sqlalchemy import URL

from api.notify.attempts import Outcome
from api.notify.claims import Claimed, Recipient
from api.notify.handler_child import HandlerChild
from api.notify.handler_messages import ERROR_CHARACTERS, Done, Start, Task
from api.notify.handlers import HandlersRefused, check_handlers
from api.notify.results import Result

__all__ = ["HandlerPool", "patterns_of"]

_TIMEOUT_SECONDS = 30.0
_POLL_SECONDS = 0.1


class HandlerPool:
    """Processes that run a module's handlers, made when they are needed and when one has ended.

    ``url`` is that of the database of deliveries; ``patterns`` are those of the module's handlers
    once ``start`` was called.
    """

    def __init__(
        self, module: str, url: URL, *, processes: int = 2, timeout: float = _TIMEOUT_SECONDS
    ) -> None:
        self._start = Start(module, url, int(timeout * 1000))
        self._timeout = timeout
        self._slots = threading.BoundedSemaphore(processes)
        self._lock = threading.Lock()
        self._idle: list[HandlerChild] = []
        self._busy: set[HandlerChild] = set()
        self._is_closed = False
        self.patterns: tuple[str, ...] = ()

    def start(self, types: Collection[str]) -> None:
        """Import the module in a first process, and check that its types are among those that are
        declared; raises ``HandlersRefused``."""
        process = HandlerChild(self._start)
        try:
            check_handlers(self._start.module, process.patterns, types)
        except BaseException:
            process.end()
            raise
        self.patterns = process.patterns
        self._give_back(process)

    def deliver(self, recipient: Recipient, claimed: Claimed) -> Result:
        """Run the handler of a claimed delivery in one of the processes, and wait for its end.

        For as many threads at once as there are processes; others wait. Never raises for what a
        handler or its process does. What a handler with a connection did is recorded already; to
        record it again does nothing. So it is with the failure of a process that died just after.
        """
        task = Task(recipient.subscriber.handler or "", claimed)
        with self._slots:
            return self._run(task)

    def close(self, seconds: float = 0.0) -> None:
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

    def _take(self) -> HandlerChild:
        while (process := self._idle_process()) is not None:
            if process.is_alive():
                break
            process.end()
        else:
            process = HandlerChild(self._start)
        with self._lock:
            self._busy.add(process)
        return process

    def _idle_process(self) -> HandlerChild | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _give_back(self, process: HandlerChild) -> None:
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


def patterns_of(module: str, url: URL, types: Collection[str]) -> tuple[str, ...]:
    """The patterns of a module's handlers, which are checked: a process imports it and ends.

    Raises ``HandlersRefused``, whose text is a line: for the start of a ledger.
    """
    with closing(HandlerPool(module, url)) as pool:
        pool.start(types)
        return pool.patterns
