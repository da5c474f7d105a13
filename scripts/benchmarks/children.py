"""Work in a process of its own: how long it took, what came of it, and its peak of memory."""

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

__all__ = ["Ran", "run"]

T = TypeVar("T")

# A look at the memory of large processes costs the machine some milliseconds.
_SAMPLE_SECONDS_MIN = 0.05
_SAMPLE_SECONDS_MAX = 0.5
_CONTEXT = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Ran(Generic[T]):
    """What a function returned, and at what cost; the memory is that of all its processes."""

    value: T
    seconds: float
    peak_bytes: int


def run(work: Callable[..., T], *arguments: Any) -> Ran[T]:
    """Runs a function of a module in a new process."""
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=_work, args=(theirs, work, arguments))
    process.start()
    theirs.close()
    peak, wait = 0, _SAMPLE_SECONDS_MIN
    try:
        while not ours.poll(wait):
            wait = min(2 * wait, _SAMPLE_SECONDS_MAX)
            peak = max(peak, memory_bytes([process.pid or os.getpid()]))
        value, seconds = ours.recv()
    except EOFError:
        raise click.ClickException(f"{work.__name__} failed; see above") from None
    finally:
        if process.is_alive() and not ours.closed:
            process.join(5)
        process.kill()
        process.join()
    return Ran(value, seconds, peak)


def _work(answer: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    started = time.perf_counter()
    value = work(*arguments)
    answer.send((value, time.perf_counter() - started))
