"""An HTTP server with its worker processes, ended by the supervisor or together with it."""

from __future__ import annotations

import multiprocessing
import resource
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
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from api.serve.parent import end_with_parent, report_started

__all__ = ["serve", "serve_for_supervisor"]

_BACKLOG = 1024
# Of a worker: each can hold its headers' bytes in memory, sent by whoever.
_CONNECTIONS_MAX = 8192
_HEADERS_BYTES_MAX = 64 * 1024
# Descriptors for files and databases.
_DESCRIPTORS_OWN = 256
# Workers no longer accept connections this long after SIGTERM.
_CLOSE_SECONDS = 0.2

# Longer than any request takes whose body has arrived: an append gives up before 5 s.
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
    interface: Interfaces = Interfaces.WSGI,
    idle_seconds: int = 30,
    body_seconds: int = 10,
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
        interface=interface,
        workers=workers,
        # Of RSGI only those that start the application's coroutines.
        blocking_threads=threads if interface is Interfaces.WSGI else 1,
        loop=Loops.asyncio,
        http=HTTPModes.http1,
        # It runs from the moment at which a connection waits for a request.
        http1_settings=HTTP1Settings(
            header_read_timeout=1000 * idle_seconds, max_buffer_size=_HEADERS_BYTES_MAX
        ),
        backpressure=_allow_connections(),
        websockets=False,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=body_seconds + _STOP_SECONDS_MAX,
    )
    load: Callable[[], Any] = _Load(target, draining, started)
    server.serve(target_loader=load, wrap_loader=False)


def _allow_connections() -> int:
    """Allow this process and its workers many descriptors; how many connections each may have.

    Further ones wait until one is closed.
    """
    allowed, allowed_max = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS_MAX + _DESCRIPTORS_OWN
    if allowed_max != resource.RLIM_INFINITY:
        wanted = min(wanted, allowed_max)
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, allowed_max))
    return max(wanted - _DESCRIPTORS_OWN, wanted // 2)


def serve_for_supervisor(target: str, arguments: Sequence[str], *, interface: Interfaces) -> None:
    """Serve as a child of the supervisor.

    The arguments are its process id; the descriptors of the pipe to report the start, of that
    which says that the ledger ends, and of the socket; the numbers of workers and of threads; the
    seconds that a connection may be idle, and those that a body may take.
    """
    parent_pid, started, draining, listener, *numbers = map(int, arguments)
    workers, threads, idle_seconds, body_seconds = numbers
    end_with_parent(parent_pid)
    serve(
        target,
        socket.socket(fileno=listener),
        workers=workers,
        threads=threads,
        interface=interface,
        idle_seconds=idle_seconds,
        body_seconds=body_seconds,
        draining=Connection(draining, writable=False),
        started=Connection(started, readable=False),
    )
