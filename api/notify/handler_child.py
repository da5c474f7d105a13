"""A process of handlers as the notifier sees it: started, handed deliveries, and killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import time
from contextlib import suppress

from api.notify.handler_messages import Answer, Done, Locked, Refused, Start, Started, Task
from api.notify.handlers import HandlersRefused
from api.serve.parent import module_command

__all__ = ["HandlerChild"]

# Longer than any import takes, on a busy machine too.
_START_SECONDS = 60.0
# How long a handler's transaction may hold the lock of SQLite's file: senders wait for it.
_LOCK_SECONDS = 0.5
_POLL_SECONDS = 0.1
_CLOSE_SECONDS = 2.0


class HandlerChild:
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
