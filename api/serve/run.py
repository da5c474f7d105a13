"""What the processes of one running ledger share: a directory with their metrics and a flag."""

from __future__ import annotations

import mmap
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from ledger.processes import is_process_alive

__all__ = ["Run"]

_VARIABLE = "_STRIPE_LEDGER_RUN"
_METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # prometheus-client's own

_PREFIX = "ledger-run-"
_NO, _YES = b"\0", b"\1"


class Run:
    """The directory of one run; child processes get its path through their environment."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.metrics = directory / "metrics"
        self._draining = directory / "draining"

    @classmethod
    def create(cls) -> Run:
        """A new directory, which the child processes of this one will use."""
        parent = _parent_directory()
        _remove_abandoned(parent)
        run = cls(Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent)))
        run.metrics.mkdir()
        run._draining.write_bytes(_NO)
        os.environ[_VARIABLE] = str(run.directory)
        os.environ[_METRICS_VARIABLE] = str(run.metrics)
        return run

    @classmethod
    def current(cls) -> Run | None:
        """The run that this process belongs to; None under another server than ours."""
        directory = os.environ.get(_VARIABLE)
        return cls(Path(directory)) if directory else None

    def drain(self) -> None:
        """Let every process of the run answer from now on that it is not ready."""
        with self._draining.open("r+b") as file:  # not truncated first: it is mapped
            file.write(_YES)

    def draining_flag(self) -> Callable[[], bool]:
        """A function that returns whether the run is about to end.

        Every delivery calls it: it reads mapped memory, without a system call.
        """
        with self._draining.open("rb") as file:
            flag = mmap.mmap(file.fileno(), len(_NO), access=mmap.ACCESS_READ)
        return lambda: flag[0] != _NO[0]

    def remove(self) -> None:
        """Remove the directory."""
        shutil.rmtree(self.directory, ignore_errors=True)


def _parent_directory() -> Path:
    # Metrics are counted in mapped files. On a full disk, touching a new page of one does not
    # raise an error but kills the process; memory does not fill up together with the disk.
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())


def _remove_abandoned(parent: Path) -> None:
    """Remove the directories of runs that were killed."""
    for directory in parent.glob(f"{_PREFIX}*-*"):
        pid = directory.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not is_process_alive(int(pid)):
            shutil.rmtree(directory, ignore_errors=True)
