"""The baselines that the ledger is compared with, served by the same server, workers, threads."""

from __future__ import annotations

import multiprocessing

from api.serve.parent import end_with_parent

__all__ = ["end_with_server"]


def end_with_server() -> None:
    """End this worker process with its server, as a worker of the ledger ends."""
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        end_with_parent(parent.pid)
