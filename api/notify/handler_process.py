"""A process of handlers: runs one after the other what the notifier hands it.

Run as a module by ``handler_pool``, which kills it when a handler takes too long. It ends with the
notifier.
"""

from __future__ import annotations

import sys
import time
from functools import cached_property
from multiprocessing.connection import Connection

from sqlalchemy import Engine

from api.notify.handler_connection import HandlerConnection, open_handler_engine
from api.notify.handler_messages import (
    ERROR_CHARACTERS,
    Done,
    Locked,
    Refused,
    Start,
    Started,
    Task,
)
from api.notify.handlers import HandlersRefused, Notification, load_handlers
from api.notify.results import Result, record
from api.serve.parent import end_with_parent

__all__ = ["HandlerProcess", "explain_failure"]


class HandlerProcess:
    """The handlers of a module, in the process that runs them; ``link`` leads to the notifier."""

    def __init__(self, start: Start, link: Connection) -> None:
        """Raises ``HandlersRefused``."""
        self.handlers = load_handlers(start.module)
        self._start = start
        self._link = link

    def run(self, task: Task) -> Done:
        """Run the handler of a delivery. Whatever it raises is its failure and not the process's:
        ``sys.exit()`` too."""
        handler = self.handlers[task.pattern]
        try:
            notification = Notification.of(task.claimed.body)
            if handler.takes_connection:
                return self._run_with_connection(task, notification)
            handler.function(notification)
        except BaseException as error:
            return Done(explain_failure(error))
        return Done(None)

    def _run_with_connection(self, task: Task, notification: Notification) -> Done:
        started_ns = time.time_ns()
        connection = HandlerConnection(self._engine, lambda: self._link.send(Locked()))
        is_ours = False
        try:
            connection.hand_out()
            self.handlers[task.pattern].function(notification, connection)
            connection.take_back()
            took_ms = (time.time_ns() - started_ns) // 1_000_000
            result = Result(task.claimed, started_ns // 1000, max(0, took_ms), "delivered")
            # Compare-and-set: nothing is recorded where another sender has taken it up.
            is_ours = bool(record(connection, task.claimed.sender, [result]).results)
        finally:
            connection.end(commit=is_ours)
        return Done(None if is_ours else "another sender had taken the delivery up")

    @cached_property
    def _engine(self) -> Engine:
        return open_handler_engine(self._start.url, self._start.timeout_ms)


def explain_failure(error: BaseException) -> str:
    """The type and the message, cut short."""
    name = type(error).__name__
    try:
        message = str(error)
    except Exception as unreadable:
        message = f"(its message cannot be read: {type(unreadable).__name__})"
    # PostgreSQL has no NUL, and an encoder no half of a pair.
    text = f"{name}: {message}" if message else name
    return text.replace("\0", "").encode(errors="replace").decode()[:ERROR_CHARACTERS]


def main(parent_pid: int, descriptor: int) -> None:
    """Import the module, say so, and run what comes until the notifier hangs up."""
    end_with_parent(parent_pid)
    link = Connection(descriptor)
    try:
        process = HandlerProcess(link.recv(), link)
    except HandlersRefused as error:
        link.send(Refused(error.reason))
        return
    link.send(Started(tuple(process.handlers)))
    while True:
        try:
            task = link.recv()
        except EOFError:
            return
        link.send(process.run(task))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
