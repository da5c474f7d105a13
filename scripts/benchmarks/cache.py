"""Where benchmarks keep what is dear to make, and where they work: `.bench/` in the repository."""

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

__all__ = ["CACHE", "ROOT", "exclusive", "fingerprint", "say", "scratch"]

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".bench"

# What decides what is in a log; where one of these changes, a cached log is made again.
_INGREDIENTS = (
    "api/simulator",
    "ledger/store/tables.py",
    "ledger/store/record.py",
    "ledger/chain.py",
)


def say(text: str) -> None:
    """Progress, on stderr: stdout is for results."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def exclusive() -> Iterator[None]:
    """One benchmark at a time; two would measure each other."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.ClickException("another scripts/bench is running in here") from None
        yield


@contextmanager
def scratch() -> Iterator[Path]:
    """A directory on the repository's disk, gone afterwards; what a killed run left goes too.

    Not in /tmp: that may be memory, where a commit costs nothing.
    """
    for left in CACHE.glob("run-*"):
        shutil.rmtree(left, ignore_errors=True)
    directory = Path(tempfile.mkdtemp(prefix="run-", dir=CACHE))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def fingerprint() -> str:
    """A name for the logs that this code would make."""
    digest = hashlib.sha256()
    for name in _INGREDIENTS:
        path = ROOT / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:8]
