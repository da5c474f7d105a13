"""What the ledger is measured against, served as it is: the same server, workers and threads."""

from __future__ import annotations

import multiprocessing

from api.serve.parent import end_with_parent

__all__ = ["tie"]


def tie() -> None:
    """Ends this worker with its server, as a worker of the ledger ends."""
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        end_with_parent(parent.pid)
