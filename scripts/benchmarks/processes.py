"""Servers as processes: started, waited for, measured with all their children, and ended."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import psutil

from api.serve.address import accepts_connections

__all__ = ["cpu_seconds", "free_port", "memory_bytes", "running"]

_START_SECONDS_MAX = 60
_STOP_SECONDS_MAX = 30


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
    return port


@contextmanager
def running(
    command: Sequence[str], port: int, directory: Path, log: Path, environ: Mapping[str, str]
) -> Iterator[int]:
    """A server that takes connections; its process id."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=directory, env={**os.environ, **environ}, stdout=output, stderr=output
        )
    try:
        deadline = time.monotonic() + _START_SECONDS_MAX
        while not accepts_connections("127.0.0.1", port):
            if process.poll() is not None or time.monotonic() > deadline:
                said = log.read_text("utf-8", "replace")[-2000:]
                raise click.ClickException(f"{' '.join(command)} did not start:\n{said}")
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
    """Processor time so far of some processes and all below them, also of those that ended."""
    total = 0.0
    for process in _trees(roots):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def memory_bytes(roots: Iterable[int]) -> int:
    """Memory now of some processes and all below them; what they share is counted once."""
    total = 0
    for process in _trees(roots):
        try:
            # Where the system does not tell shares, shared pages count in every process.
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
