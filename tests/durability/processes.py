"""Killing a running ledger as the kernel would, and seeing that nothing of it goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable

import psutil

from tests.cli.processes import Server, eventually


def is_gone(process: psutil.Process) -> bool:
    """Whether it has ended; who inherited it may take its time to bury it."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def all_gone(processes: Iterable[psutil.Process]) -> None:
    """Waits for their end."""
    family = list(processes)
    eventually(lambda: all(is_gone(each) for each in family), "they have ended")


def kill_group(server: Server) -> None:
    """kill -9 of the server's process group, and the end of all that was in it."""
    family = server.family()
    os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait()
    all_gone(family)
    server.output.close()
