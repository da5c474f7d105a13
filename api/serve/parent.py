"""Ends a process together with its parent. It imports nothing of the ledger, so it loads fast."""

from __future__ import annotations

import os
import signal
import threading
import time

__all__ = ["end_with_parent"]

_WATCH_SECONDS = 0.1
_GRACE_SECONDS = 5


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
