"""Runs a function in a process of its own, and measures its time and peak memory."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

import click

from scripts.benchmarks.processes import memory_bytes

__all__ = ["Measured", "run"]

T = TypeVar("T")

# Sampling the memory of large processes costs the machine some milliseconds.
_SAMPLE_SECONDS_MIN = 0.05
_SAMPLE_SECONDS_MAX = 0.5
_CONTEXT = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Measured(Generic[T]):
    """What a function returned, its time, and the peak memory of all its processes together."""

    value: T
    seconds: float
    peak_bytes: int


def run(function: Callable[..., T], *arguments: Any) -> Measured[T]:
    """Run a module's function in a new process; raises ClickException where it fails."""
    parent, child = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=_call, args=(child, function, arguments))
    process.start()
    child.close()
    peak, wait_seconds = 0, _SAMPLE_SECONDS_MIN
    try:
        while not parent.poll(wait_seconds):
            wait_seconds = min(2 * wait_seconds, _SAMPLE_SECONDS_MAX)
            peak = max(peak, memory_bytes([process.pid or os.getpid()]))
        value, seconds = parent.recv()
    except EOFError:
        raise click.ClickException(f"{function.__name__} failed; see above") from None
    finally:
        if process.is_alive() and not parent.closed:
            process.join(5)
        process.kill()
        process.join()
    return Measured(value, seconds, peak)


def _call(parent: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    started = time.perf_counter()
    value = function(*arguments)
    parent.send((value, time.perf_counter() - started))
