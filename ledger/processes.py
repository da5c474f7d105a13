"""Processes of this machine: whether one is still alive."""

from __future__ import annotations

import os

__all__ = ["is_process_alive"]


def is_process_alive(pid: int) -> bool:
    """Whether a process with this id runs on this machine, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # It runs as somebody else.
        return True
    return True
