"""Killing the processes of a running ledger, and waiting until none of them is left."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable

import psutil

from tests.cli.processes import Server, eventually


def has_ended(process: psutil.Process) -> bool:
    """Whether a process has ended; it may stay a zombie until its new parent collects it."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_for_end(processes: Iterable[psutil.Process]) -> None:
    """Wait until processes have ended."""
    family = list(processes)
    eventually(lambda: all(has_ended(each) for each in family), "they have ended")


def kill_group(server: Server) -> None:
    """Send SIGKILL to the server's process group, and wait until all its processes have ended."""
    family = server.family()
    os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait()
    wait_for_end(family)
    server.output.close()
