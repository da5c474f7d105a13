"""An HTTP server with its worker processes, ended by the supervisor or together with it."""

from __future__ import annotations

import multiprocessing
import signal
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer

from api.serve.parent import end_with_parent, report_started

__all__ = ["serve", "serve_for_supervisor"]

_BACKLOG = 1024
# Workers no longer accept connections this long after SIGTERM.
_CLOSE_SECONDS = 0.2

# Longer than any request takes: an append gives up before 5 s.
_STOP_SECONDS_MAX = 10


@dataclass(frozen=True)
class _Load:
    """Makes the application in a worker; granian's own way imports from the working directory.

    ``target`` names a factory, `module:name`, which gets a function that returns whether the
    ledger is about to end.
    """

    target: str
    draining: Connection | None
    started: Connection | None

    def __call__(self) -> Any:
        module, _, name = self.target.partition(":")
        factory = getattr(import_module(module), name)
        # The supervisor closes its end, and then there is something to read: the end.
        application = factory(self.draining.poll) if self.draining else factory()
        if self.started is not None:
            report_started(self.started)
        return application


class _Server(MPServer):
    """granian, whose workers accept connections from one socket that is open already.

    On Linux each would otherwise open one of its own. With one, connections that wait survive the
    end of a worker, and the system lets nobody else listen there.
    """

    def __init__(self, target: str, listener: socket.socket, **options: Any) -> None:
        super().__init__(target, **options)
        self._listener = listener

    def _init_shared_socket(self) -> None:
        # The types that granian has for them are those of its own initial values.
        descriptor = self._listener.fileno()
        self._listener.listen(_BACKLOG)
        self._ssp = None
        self._sfd = descriptor  # type: ignore[assignment]
        self._shd = SocketHolder(descriptor, False, _BACKLOG)  # type: ignore[assignment,call-arg]
        # A worker gets the descriptor by this one, under the same number.
        self._sso = self._listener

    def _stop_workers(self) -> None:
        for worker in self.wrks:
            worker.terminate()  # type: ignore[no-untyped-call]
        # Workers keep the socket open until they end. Without this, whoever connects while they
        # answer their last requests would wait for nothing; now the connection is refused.
        time.sleep(_CLOSE_SECONDS)
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        super()._stop_workers()  # type: ignore[no-untyped-call]


def serve(
    target: str,
    listener: socket.socket,
    *,
    workers: int,
    threads: int,
    draining: Connection | None = None,
    started: Connection | None = None,
) -> None:
    """Serve the application that the factory ``target`` returns, until SIGTERM.

    This process only manages its workers, so it starts fast: it loads neither the settings nor the
    database library.
    """
    # A forked worker would inherit the locks of this process's threads in whatever state they are.
    multiprocessing.set_start_method("spawn")
    # The supervisor blocked SIGINT, but starting the resource tracker unblocks it. Block it again,
    # for workers inherit it.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    server = _Server(
        target,
        listener,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS_MAX,
    )
    load: Callable[[], Any] = _Load(target, draining, started)
    server.serve(target_loader=load, wrap_loader=False)


def serve_for_supervisor(target: str, arguments: Sequence[str]) -> None:
    """Serve as a child of the supervisor.

    The arguments are its process id; the descriptors of the pipe to report the start, of that
    which says that the ledger ends, and of the socket; the numbers of workers and of threads.
    """
    parent_pid, started, draining, listener, workers, threads = map(int, arguments)
    end_with_parent(parent_pid)
    serve(
        target,
        socket.socket(fileno=listener),
        workers=workers,
        threads=threads,
        draining=Connection(draining, writable=False),
        started=Connection(started, readable=False),
    )
