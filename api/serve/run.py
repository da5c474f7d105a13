"""What the processes of one running ledger share: a directory for metrics, and a flag."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from api.telemetry import logs

__all__ = ["Run"]

_METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # prometheus-client's own

_PREFIX = "ledger-run-"
_LOOK_SECONDS = 1.0


class Run:
    """The directory of one run, and the pipe that says that it ends.

    Whoever lives holds a lock on its directory: process ids say nothing, for a directory may be
    shared with containers that number their processes by themselves.
    """

    def __init__(self) -> None:
        parent = _parent_directory()
        _remove_abandoned(parent)
        self.directory, self._lock = _new_directory(parent)
        # Of this process's children only: a descriptor cannot be removed by whoever cleans up.
        self.draining, self._drain = multiprocessing.Pipe(duplex=False)
        self._look_seconds = 0.0
        os.environ[_METRICS_VARIABLE] = str(self.directory)

    def drain(self) -> None:
        """Let every process that has the pipe ``draining`` answer that it is not ready."""
        self._drain.close()

    def keep(self) -> None:
        """Make the directory again if somebody has removed it; looks once a second."""
        seconds = time.monotonic()
        if seconds < self._look_seconds:
            return
        self._look_seconds = seconds + _LOOK_SECONDS
        if _is_at(self._lock, self.directory):
            return
        with suppress(OSError):  # a full disk, a file in its place: it is tried again
            # A worker that noticed first has made it already.
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = _locked(self.directory)
            if lock is not None:
                os.close(self._lock)
                self._lock = lock
                logs.log.warning("run_directory_was_removed", directory=str(self.directory))

    def close(self) -> None:
        """Remove the directory."""
        self.drain()
        self.draining.close()
        shutil.rmtree(self.directory, ignore_errors=True)
        os.close(self._lock)


def _parent_directory() -> Path:
    # Metrics are counted in mapped files. On a full disk, touching a new page of one does not
    # raise an error but kills the process; memory does not fill up together with the disk.
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())


def _new_directory(parent: Path) -> tuple[Path, int]:
    """A new directory, and the descriptor that holds its lock."""
    while True:
        directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        lock = _locked(directory)
        # Another start may have taken it for abandoned before it was locked.
        if lock is not None and _is_at(lock, directory):
            return directory, lock
        if lock is not None:
            os.close(lock)


def _locked(directory: Path) -> int | None:
    """A descriptor that holds the directory's lock; None if another process holds it."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _is_at(descriptor: int, directory: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), directory.stat())
    except OSError:
        return False


def _remove_abandoned(parent: Path) -> None:
    """Remove the directories of runs that were killed: those that nobody holds a lock on."""
    for directory in parent.glob(f"{_PREFIX}*"):
        lock = _locked(directory)
        if lock is not None:
            shutil.rmtree(directory, ignore_errors=True)
            os.close(lock)
