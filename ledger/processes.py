"""Processes of this machine: whether one is still alive, and what its id is worth elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["ids_are_of", "is_process_alive", "started_at"]

_PROC = Path("/proc")


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


def ids_are_of() -> str:
    """Where ids of processes mean what they mean here: one start of a machine, and one namespace.

    Two containers may have the same host name, and each a process 1. Empty where the system
    does not tell; it has no such namespaces then.
    """
    try:
        start = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        namespace = os.readlink(_PROC / "self/ns/pid")  # pid:[4026531836]
    except OSError:
        return ""
    return f"{start}-{namespace.strip('pid:[]')}"


def started_at(pid: int) -> str:
    """When a process was started, in the system's units; empty where it does not tell.

    No other process ever has the same id and the same start.
    """
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return ""
    # The name before may have spaces and brackets.
    return stat.rpartition(")")[2].split()[19]
