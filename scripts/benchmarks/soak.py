"""`scripts/bench ingest --soak`: memory and lag at full speed, and the time to catch up after."""

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
from scripts.benchmarks.cache import print_progress, scratch_directory
from scripts.benchmarks.contenders import LEDGER, Server
from scripts.benchmarks.databases import Database, database
from scripts.benchmarks.generators import load_generator
from scripts.benchmarks.load import LoadGenerator, LoadResult
from scripts.benchmarks.posts import Posts
from scripts.benchmarks.processes import memory_bytes

__all__ = ["measure_soak"]

_TRIAL_SECONDS = 4.0
_TRIAL_POSTS = 30_000
_SAMPLE_SECONDS = 1.0
_LAG_SECONDS_MAX = 600
_POINTS = 8
_MARGIN = 1.5
_MEGABYTE = 1_000_000

Row = dict[str, Any]


@dataclass(slots=True)
class _Samples:
    """Samples of seconds since the start, memory in bytes, and lag in events."""

    points: list[tuple[float, int, int]] = field(default_factory=list)

    def growth(self) -> float:
        """Return the memory at the end as a multiple of that in the second quarter."""
        sizes = [size for _, size, _ in self.points]
        quarter = max(1, len(sizes) // 4)
        return mean(sizes[-quarter:]) / mean(sizes[quarter : 2 * quarter] or sizes)


def measure_soak(
    seconds: float, connections: int, databases: tuple[str, ...], workers: int, senders: int
) -> tuple[list[Row], list[str]]:
    """Measure; return rows of samples, and a verdict for each database."""
    rows: list[Row] = []
    notes: list[str] = []
    with scratch_directory() as directory, load_generator(senders) as generator:
        for name in databases:
            with database(name, directory / name) as target:
                posts = _make_posts(
                    target, directory, generator, seconds, connections, workers, senders
                )
                with LEDGER.running(target.create_empty(), workers, directory) as server:
                    samples = _Samples()
                    with _sampling(server, target, samples):
                        load = generator(
                            posts.files(), server.port, connections, seconds, repeat=False
                        )
                    catch_up_seconds = _catch_up(server)
                    rows += _rows(name, samples)
                    notes.append(_verdict(name, server, load, samples, catch_up_seconds))
    return rows, notes


def _make_posts(
    target: Database,
    directory: Path,
    generator: LoadGenerator,
    seconds: float,
    connections: int,
    workers: int,
    senders: int,
) -> Posts:
    """Make more posts than the ledger can take in the time, by the speed of a short trial."""
    path = directory / f"trial-{target.name}"
    trial = Posts(path, warm=senders, count=_TRIAL_POSTS, senders=senders)
    with LEDGER.running(target.create_empty(), workers, directory) as server:
        load = generator(trial.files(), server.port, connections, _TRIAL_SECONDS, repeat=False)
    count = int(_MARGIN * load.requests_per_second * seconds) + connections
    return Posts(directory / f"posts-{target.name}", warm=senders, count=count, senders=senders)


@contextmanager
def _sampling(server: Server, target: Database, samples: _Samples) -> Iterator[None]:
    """Sample the server's memory and its lag once a second, in a thread."""
    stop = threading.Event()

    def sample() -> None:
        ledger = Ledger.open(server.url)
        projections = Projections.open(ledger)
        started = time.monotonic()
        while not stop.wait(_SAMPLE_SECONDS):
            size = memory_bytes([server.pid])
            samples.points.append((time.monotonic() - started, size, _lag(ledger, projections)))
        projections.close()
        ledger.close()

    thread = threading.Thread(target=sample, name=f"samples-{target.name}")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _lag(ledger: Ledger, projections: Projections) -> int:
    checkpoint = min(projections.position(kind) for kind in projections.kinds)
    return ledger.log.head().position - checkpoint


def _catch_up(server: Server) -> float | None:
    """Return the seconds until the follower has read everything; None if it takes too long."""
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
    print_progress("the follower did not catch up")
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
    name: str, server: Server, load: LoadResult, samples: _Samples, catch_up_seconds: float | None
) -> str:
    stored_ids = LEDGER.stored_ids(server.url)
    acknowledged = load.acknowledged
    if isinstance(acknowledged, int):
        lost = max(0, acknowledged - len(stored_ids))
    else:
        lost = len(acknowledged - stored_ids)
    if catch_up_seconds is None:
        caught_up = "not within 10 minutes"
    else:
        caught_up = f"{catch_up_seconds:.1f} s after the end"
    return (
        f"{name}: {load.requests_per_second:,.0f} requests/s, p99 {load.p99_ms:.0f} ms,"
        f" {sum(load.errors.values())} errors; memory at the end"
        f" {samples.growth():.2f} times the second quarter's; follower caught up {caught_up}; "
        + (f"VOID: {lost} acknowledged events are not stored" if lost else "all stored")
        + ("; requests ran out" if load.is_exhausted else "")
    )
