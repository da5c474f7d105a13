"""Chooses the load generator of this machine: wrk where it is installed, else our own."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from scripts.benchmarks.bundled import Bundled
from scripts.benchmarks.load import LoadGenerator
from scripts.benchmarks.wrk import Wrk

__all__ = ["load_generator"]


@contextmanager
def load_generator(senders: int) -> Iterator[LoadGenerator]:
    """Open a load generator of that many threads or processes."""
    path = shutil.which("wrk")
    if path is not None:
        yield Wrk(path)
        return
    # Started once: a process takes longer to start than some measurements take.
    with ProcessPoolExecutor(senders, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(abs, range(senders)))
        yield Bundled(pool)
