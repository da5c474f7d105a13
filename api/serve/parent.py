"""What a child process does for its parent. It imports nothing of the ledger, so it loads fast."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection

__all__ = ["end_with_parent", "module_command", "report_started"]

_WATCH_SECONDS = 0.1
_GRACE_SECONDS = 5


def module_command(module: str, *arguments: object) -> list[str]:
    """The command that runs a module as a process.

    With -P: else Python imports whatever has the right name from the working directory first.
    """
    return [sys.executable, "-P", "-m", module, *map(str, arguments)]


def report_started(started: Connection) -> None:
    """Tell the supervisor that this process has started: from now on it is restarted if it dies."""
    try:
        started.send_bytes(b"started")
    except OSError:
        # The supervisor is gone, and this process is about to end too.
        return


def end_with_parent(parent_pid: int) -> None:
    """Terminate this process soon after its parent has ended, and kill it if that is not enough.

    Otherwise a server's workers survive its kill -9 and go on answering beside their successors.
    The kill loses nothing that was acknowledged: what was answered had been committed before.
    """

    def watch() -> None:
        while os.getppid() == parent_pid:
            time.sleep(_WATCH_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()
