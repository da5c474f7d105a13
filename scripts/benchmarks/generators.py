"""The load generator of this machine: wrk where it is installed, else our own."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from scripts.benchmarks.bundled import Bundled
from scripts.benchmarks.load import Load
from scripts.benchmarks.wrk import Wrk

__all__ = ["generator"]


@contextmanager
def generator(senders: int) -> Iterator[Load]:
    """Something that drives a server from so many threads or processes."""
    path = shutil.which("wrk")
    if path is not None:
        yield Wrk(path)
        return
    # Started once: a process takes longer to start than some measurements take.
    with ProcessPoolExecutor(senders, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(abs, range(senders)))
        yield Bundled(pool)
