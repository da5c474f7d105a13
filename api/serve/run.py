"""What the processes of one running ledger share: a directory, a flag in it, one end for all."""

from __future__ import annotations

import mmap
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["Run", "end_with_parent"]

_VARIABLE = "_STRIPE_LEDGER_RUN"
_METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # prometheus-client's own

_PREFIX = "ledger-run-"
_NO, _YES = b"\0", b"\1"

_WATCH_SECONDS = 0.1
_GRACE_SECONDS = 5


class Run:
    """The directory of one run; children find it through their environment."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.metrics = directory / "metrics"
        self._draining = directory / "draining"

    @classmethod
    def begin(cls) -> Run:
        """A new directory, with a place for the metrics that worker processes add up."""
        place = _place()
        _sweep(place)
        run = cls(Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place)))
        run.metrics.mkdir()
        run._draining.write_bytes(_NO)
        os.environ[_VARIABLE] = str(run.directory)
        os.environ[_METRICS_VARIABLE] = str(run.metrics)
        return run

    @classmethod
    def joined(cls) -> Run | None:
        """The run this process is part of; None under somebody else's server."""
        directory = os.environ.get(_VARIABLE)
        return cls(Path(directory)) if directory else None

    def drain(self) -> None:
        """From now on every process of the run says that it is not ready."""
        with self._draining.open("r+b") as file:  # not cut short first: it is mapped
            file.write(_YES)

    def watch(self) -> Callable[[], bool]:
        """Tells whether the run is about to end: asked by every delivery, so without a call."""
        with self._draining.open("rb") as file:
            flag = mmap.mmap(file.fileno(), len(_NO), access=mmap.ACCESS_READ)
        return lambda: flag[0] != _NO[0]

    def end(self) -> None:
        """Removes the directory."""
        shutil.rmtree(self.directory, ignore_errors=True)


def _place() -> Path:
    # Metrics are counted in mapped files: on a full disk, touching a new page of one is not an
    # error that could be handled but the end of the process. Memory is not full with a disk.
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())


def _sweep(place: Path) -> None:
    """Remove what runs that were killed have left."""
    for left in place.glob(f"{_PREFIX}*-*"):
        pid = left.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not _is_alive(int(pid)):
            shutil.rmtree(left, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end_with_parent(parent: int) -> None:
    """Ends this process soon after its parent: first in good order, then at any price.

    A server's workers outlive its kill -9 otherwise, and go on answering beside their successors.
    Nothing acknowledged is lost by the hard end: what was answered was committed before.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()
