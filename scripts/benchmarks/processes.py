"""Server processes: started, awaited, measured with all their children, and stopped."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import psutil

from api.serve.address import answers

__all__ = ["cpu_seconds", "memory_bytes", "running_server"]

_START_SECONDS_MAX = 60
_STOP_SECONDS_MAX = 30


@contextmanager
def running_server(
    command: Sequence[str], port: int, directory: Path, log: Path, environ: Mapping[str, str]
) -> Iterator[int]:
    """Run a server until it is no longer needed; yield its process id once it answers.

    Raises ClickException with the end of its log where it does not start.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=directory, env={**os.environ, **environ}, stdout=output, stderr=output
        )
    try:
        deadline = time.monotonic() + _START_SECONDS_MAX
        while not answers("127.0.0.1", port):
            if process.poll() is not None or time.monotonic() > deadline:
                output_end = log.read_text("utf-8", "replace")[-2000:]
                raise click.ClickException(f"{' '.join(command)} did not start:\n{output_end}")
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def cpu_seconds(roots: Iterable[int]) -> float:
    """Return the processor time of processes and their descendants, ended ones included."""
    total = 0.0
    for process in _trees(roots):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def memory_bytes(roots: Iterable[int]) -> int:
    """Return the memory of processes and their descendants; shared pages are counted once."""
    total = 0
    for process in _trees(roots):
        try:
            # Where the system does not report shares, shared pages count in every process.
            full = process.memory_full_info() if psutil.LINUX else process.memory_info()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        total += getattr(full, "pss", full.rss)
    return total


def _trees(roots: Iterable[int]) -> Iterator[psutil.Process]:
    for root in roots:
        try:
            process = psutil.Process(root)
            yield process
            yield from process.children(recursive=True)
        except psutil.NoSuchProcess:
            continue
