"""The benchmarks' directories in `.bench/`: a cache of what is slow to make, and scratch space."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

__all__ = ["CACHE", "ROOT", "exclusive", "fingerprint", "print_progress", "scratch_directory"]

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".bench"

# The code that decides what is in a log; where it changes, a cached log is made again.
_SOURCES = (
    "api/simulator",
    "ledger/recorded.py",
    "ledger/store/tables.py",
    "ledger/store/record.py",
    "ledger/chain.py",
)


def print_progress(text: str) -> None:
    """Print a line on stderr: stdout is for results."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def exclusive() -> Iterator[None]:
    """Allow one benchmark at a time, as two would slow each other; raises ClickException."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.ClickException("another scripts/bench is running here") from None
        yield


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """Make a directory on the repository's disk, removed afterwards with those of killed runs.

    It is not in /tmp: that may be memory, where a commit costs nothing.
    """
    for stale in CACHE.glob("run-*"):
        shutil.rmtree(stale, ignore_errors=True)
    directory = Path(tempfile.mkdtemp(prefix="run-", dir=CACHE))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def fingerprint() -> str:
    """Return a hash of the code that makes logs, in 8 hex digits."""
    digest = hashlib.sha256()
    for name in _SOURCES:
        path = ROOT / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:8]
