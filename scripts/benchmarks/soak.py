"""`scripts/bench ingest --soak`: minutes at full speed: memory meanwhile, the follower after."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from ledger import Ledger
from projections import Projections
from scripts.benchmarks.cache import say, scratch
from scripts.benchmarks.contenders import LEDGER, Server
from scripts.benchmarks.databases import Database, database
from scripts.benchmarks.generators import generator
from scripts.benchmarks.load import Load, Loaded
from scripts.benchmarks.posts import Posts
from scripts.benchmarks.processes import memory_bytes

__all__ = ["soak"]

_TRIAL_SECONDS = 4.0
_TRIAL_POSTS = 30_000
_SAMPLE_SECONDS = 1.0
_LAG_SECONDS_MAX = 600
_POINTS = 8
_SPARE = 1.5
_MEGABYTE = 1_000_000

Row = dict[str, Any]


@dataclass(slots=True)
class _Samples:
    """Seconds since the start, bytes, and how many events the follower lacked."""

    points: list[tuple[float, int, int]] = field(default_factory=list)

    def growth(self) -> float:
        """Memory at the end, as a multiple of what it was in the second quarter."""
        sizes = [size for _, size, _ in self.points]
        quarter = max(1, len(sizes) // 4)
        return mean(sizes[-quarter:]) / mean(sizes[quarter : 2 * quarter] or sizes)


def soak(
    seconds: float, connections: int, databases: tuple[str, ...], workers: int, senders: int
) -> tuple[list[Row], list[str]]:
    """Rows of samples, and the verdict on each database."""
    rows: list[Row] = []
    notes: list[str] = []
    with scratch() as directory, generator(senders) as load:
        for name in databases:
            with database(name, directory / name) as where:
                posts = _enough(where, directory, load, seconds, connections, workers, senders)
                with LEDGER.at_work(where.fresh(), workers, directory) as server:
                    samples = _Samples()
                    with _sampling(server, where, samples):
                        loaded = load(
                            posts.slices(), server.port, connections, seconds, again=False
                        )
                    caught_up = _catch_up(server)
                    rows += _rows(name, samples)
                    notes.append(_verdict(name, server, loaded, samples, caught_up))
    return rows, notes


def _enough(
    where: Database, directory: Path, load: Load, seconds: float, connections: int, workers: int,
    senders: int,
) -> Posts:  # fmt: skip
    """More posts than the ledger takes in the time, as a short trial shows."""
    path = directory / f"trial-{where.name}"
    trial = Posts(path, warm=senders, count=_TRIAL_POSTS, senders=senders)
    with LEDGER.at_work(where.fresh(), workers, directory) as server:
        loaded = load(trial.slices(), server.port, connections, _TRIAL_SECONDS, again=False)
    count = int(_SPARE * loaded.requests_per_second * seconds) + connections
    return Posts(directory / f"posts-{where.name}", warm=senders, count=count, senders=senders)


@contextmanager
def _sampling(server: Server, where: Database, samples: _Samples) -> Iterator[None]:
    """Looks at the processes and at the log once a second."""
    stop = threading.Event()

    def look() -> None:
        ledger = Ledger.open(server.url)
        projections = Projections.open(ledger)
        started = time.monotonic()
        while not stop.wait(_SAMPLE_SECONDS):
            size = memory_bytes([server.pid])
            samples.points.append((time.monotonic() - started, size, _lag(ledger, projections)))
        projections.close()
        ledger.close()

    thread = threading.Thread(target=look, name=f"samples-{where.name}")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _lag(ledger: Ledger, projections: Projections) -> int:
    read = min(projections.position(kind) for kind in projections.kinds)
    return ledger.log.head().position - read


def _catch_up(server: Server) -> float | None:
    """Seconds from the last answer until the follower has read everything."""
    ledger = Ledger.open(server.url)
    projections = Projections.open(ledger)
    started = time.monotonic()
    try:
        while (waited := time.monotonic() - started) < _LAG_SECONDS_MAX:
            if _lag(ledger, projections) == 0:
                return waited
            time.sleep(0.1)
    finally:
        projections.close()
        ledger.close()
    say("the follower did not catch up")
    return None


def _rows(name: str, samples: _Samples) -> Iterator[Row]:
    step = max(1, len(samples.points) // _POINTS)
    for seconds, size, lag in samples.points[step - 1 :: step]:
        yield {
            "database": name,
            "second": round(seconds),
            "memory MB": size / _MEGABYTE,
            "lag events": lag,
        }


def _verdict(
    name: str, server: Server, loaded: Loaded, samples: _Samples, caught_up: float | None
) -> str:
    stored = LEDGER.stored(server.url)
    answers = loaded.acknowledged
    if isinstance(answers, int):
        lost = max(0, answers - len(stored))
    else:
        lost = len(answers - stored)
    end = "not within 10 minutes" if caught_up is None else f"{caught_up:.1f} s after the end"
    return (
        f"{name}: {loaded.requests_per_second:,.0f} requests/s, p99 {loaded.p99:.0f} ms,"
        f" {sum(loaded.errors.values())} errors; memory at the end"
        f" {samples.growth():.2f} times the second quarter's; follower at the head {end}; "
        + (f"VOID: {lost} acknowledged events are not stored" if lost else "all stored")
        + ("; requests ran out" if loaded.exhausted else "")
    )
