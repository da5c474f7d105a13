"""An HTTP server with its worker processes, ended by the supervisor or together with it."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Sequence
from multiprocessing import resource_tracker

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from api.serve.parent import end_with_parent

__all__ = ["serve"]

_BACKLOG = 1024
# Longer than any request takes: an append gives up before 5 s.
_STOP_SECONDS_MAX = 10


def serve(target: str, arguments: Sequence[str]) -> None:
    """Serve the application that the factory `target` returns, until SIGTERM.

    The arguments are the supervisor's process id, the address and the port to listen on, the
    number of workers, and the number of threads of each. This process only manages its workers, so
    it starts fast: it loads neither the settings nor the database library.
    """
    parent_pid, address, *numbers = arguments
    port, workers, threads = map(int, numbers)
    end_with_parent(int(parent_pid))
    # A forked worker would inherit the locks of this process's threads in whatever state they are.
    multiprocessing.set_start_method("spawn")
    # The supervisor blocked SIGINT, but starting the resource tracker unblocks it. Block it again,
    # for workers inherit it.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    Granian(
        target,
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=workers,
        blocking_threads=threads,
        backlog=_BACKLOG,
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS_MAX,
    ).serve()
