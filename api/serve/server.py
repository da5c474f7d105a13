"""An HTTP server with its worker processes, ended by the supervisor or together with it."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Sequence
from multiprocessing import resource_tracker

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from api.serve.run import end_with_parent

__all__ = ["serve"]

_BACKLOG = 1024
# Longer than any request takes: an append gives up before 5 s.
_STOP_SECONDS_MAX = 10


def serve(target: str, arguments: Sequence[str]) -> None:
    """Serves what the factory `target` makes until SIGTERM.

    The arguments: the supervisor's process id, the address and the port to listen on, how many
    workers, and how many threads each of them has. A process that only minds its workers reads no
    settings, and has not to load what they are made of.
    """
    parent, address, *numbers = arguments
    port, workers, threads = map(int, numbers)
    end_with_parent(int(parent))
    # A forked worker would inherit this process's threads' locks as they happen to be.
    multiprocessing.set_start_method("spawn")
    # Starting its tracker unblocks SIGINT, which the supervisor had blocked; workers inherit it.
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
