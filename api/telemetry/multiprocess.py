"""The files by which several processes count together, made again where somebody removes them.

They are in memory or in a directory for temporary files, which others clean up too.
"""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, values
from prometheus_client.multiprocess import MultiProcessCollector

from ledger.processes import is_process_alive

__all__ = [
    "collect",
    "files",
    "is_used",
    "keep_files",
    "own_directory",
    "remove_gauges_of_dead_workers",
    "use_files",
]

_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # prometheus-client's own


class _Files:
    """This process's files. They have other names each time they are made again."""

    def __init__(self) -> None:
        self.generation = 0
        self.names: set[str] = set()

    def owner(self) -> str:
        """What their names end in; where it changes, prometheus-client makes all files anew."""
        return f"{os.getpid()}-{self.generation}" if self.generation else f"{os.getpid()}"


_files = _Files()


def is_used() -> bool:
    """Whether this process counts together with others."""
    return _VARIABLE in os.environ


def use_files() -> None:
    """Let the metrics that are declared from now on be counted in files, if others count too."""
    if is_used():
        _directory().mkdir(mode=0o700, parents=True, exist_ok=True)
        values.ValueClass = values.MultiProcessValue(_files.owner)  # type: ignore[no-untyped-call]


def keep_files() -> None:
    """Make this process's files again if one is gone: its counters begin at zero once more."""
    if not is_used():
        return
    present = {path.name for path in _directory().glob(f"*_{_files.owner()}.db")}
    if present and _files.names <= present:
        _files.names = present
        return
    _directory().mkdir(mode=0o700, parents=True, exist_ok=True)
    _files.generation += 1
    _files.names = set()


def collect() -> CollectorRegistry:
    """The counters of all processes."""
    registry = CollectorRegistry()
    if _directory().is_dir():
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def own_directory() -> Path | None:
    """The directory that this process shares with others of its run; None where there is none."""
    return _directory() if is_used() else None


def files(pattern: str) -> list[Path]:
    """The files there whose names fit a pattern."""
    return sorted(_directory().glob(pattern)) if is_used() else []


def remove_gauges_of_dead_workers() -> None:
    """A killed worker leaves its gauges behind; its successor removes them."""
    if not is_used():
        return
    for file in _directory().glob("gauge_live*_*.db"):
        pid = file.stem.rpartition("_")[2].partition("-")[0]
        if not (pid.isdigit() and is_process_alive(int(pid))):
            file.unlink(missing_ok=True)


def _directory() -> Path:
    return Path(os.environ[_VARIABLE])
