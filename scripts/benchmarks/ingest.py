"""`scripts/bench ingest`: requests per second beside two baselines; counts what was stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from scripts.benchmarks.cache import print_progress, scratch_directory
from scripts.benchmarks.contenders import VERIFY, Contender
from scripts.benchmarks.databases import Database, database
from scripts.benchmarks.generators import load_generator
from scripts.benchmarks.load import LoadGenerator, LoadResult
from scripts.benchmarks.posts import Posts
from scripts.benchmarks.processes import cpu_seconds

__all__ = ["IngestPlan", "measure_ingest"]

_WARM_SECONDS = 1.0
_CALIBRATION_BODIES = 500
# No contender is faster than verifying alone; a third more, for the noise of that measurement.
_MARGIN = 1.33


@dataclass(frozen=True, slots=True)
class IngestPlan:
    """The options of a run."""

    seconds: float
    connections: tuple[int, ...]
    databases: tuple[str, ...]
    workers: int
    rounds: int
    senders: int
    contenders: tuple[Contender, ...]


@dataclass(frozen=True, slots=True)
class _Figure:
    """One contender in one round; ``lost`` counts acknowledged events that are not stored."""

    load: LoadResult
    lost: int
    cpu_ms: float


def measure_ingest(plan: IngestPlan) -> tuple[list[dict[str, Any]], list[str]]:
    """Measure; return the table's rows, and the notes below it."""
    rows: list[dict[str, Any]] = []
    with scratch_directory() as directory, load_generator(plan.senders) as generator:
        posts = _make_posts(plan, directory, generator)
        for name in plan.databases:
            with database(name, directory / name) as target:
                for connections in plan.connections:
                    figures = _rounds(plan, target, connections, posts, directory, generator)
                    rows += list(_rows(plan, name, connections, figures))
        notes = [
            f"{plan.workers} worker(s) of {VERIFY.name}, handler and ledger alike; {plan.rounds}"
            f" round(s) of {plan.seconds:g} s; load by {generator.name}; ratios are medians of the"
            " rounds' own",
            *(f"{contender.name}: {contender.description}" for contender in plan.contenders),
        ]
    return rows, notes


def _make_posts(plan: IngestPlan, directory: Path, generator: LoadGenerator) -> Posts:
    """Make more posts than any contender can take in the time, by the speed of verifying alone."""
    trial = Posts(directory / "trial", warm=1, count=_CALIBRATION_BODIES, senders=plan.senders)
    connections = max(plan.connections)
    with VERIFY.running("", plan.workers, directory) as server:
        generator(trial.files(), server.port, connections, _WARM_SECONDS, repeat=True)
        result = generator(trial.files(), server.port, connections, _WARM_SECONDS, repeat=True)
    per_second = _MARGIN * result.requests_per_second
    return Posts(
        directory / "posts",
        warm=int(per_second * _WARM_SECONDS) + connections,
        count=int(per_second * plan.seconds) + connections,
        senders=plan.senders,
    )


def _rounds(
    plan: IngestPlan,
    target: Database,
    connections: int,
    posts: Posts,
    directory: Path,
    generator: LoadGenerator,
) -> dict[str, list[_Figure]]:
    """Measure every contender once per round; each round begins with another contender."""
    figures: dict[str, list[_Figure]] = {contender.name: [] for contender in plan.contenders}
    for number in range(plan.rounds):
        first = number % len(plan.contenders)
        for contender in (*plan.contenders[first:], *plan.contenders[:first]):
            figure = _measure(plan, contender, target, connections, posts, directory, generator)
            figures[contender.name].append(figure)
            print_progress(
                f"{target.name}, {connections} connection(s), round {number + 1}:"
                f" {contender.name} {figure.load.requests_per_second:,.0f}/s"
            )
    return figures


def _measure(
    plan: IngestPlan,
    contender: Contender,
    target: Database,
    connections: int,
    posts: Posts,
    directory: Path,
    generator: LoadGenerator,
) -> _Figure:
    stores_nothing = contender.ids_query is None
    url = target.create_empty()
    with contender.running(url, plan.workers, directory, posts.object_ids) as server:
        warm = generator(
            posts.warm_files(), server.port, connections, _WARM_SECONDS, repeat=stores_nothing
        )
        roots = [server.pid, *target.processes()]
        cpu_seconds_before = cpu_seconds(roots)
        load = generator(
            posts.files(), server.port, connections, plan.seconds, repeat=stores_nothing
        )
        cpu_ms = 1000 * (cpu_seconds(roots) - cpu_seconds_before)
        lost = 0 if stores_nothing else _lost(contender.stored_ids(server.url), warm, load)
    return _Figure(load, lost, cpu_ms / max(1, load.acknowledged_count))


def _lost(stored_ids: frozenset[str], *results: LoadResult) -> int:
    """Return how many acknowledged events are not stored; each was sent once."""
    acknowledged = [
        result.acknowledged for result in results if isinstance(result.acknowledged, frozenset)
    ]
    if len(acknowledged) == len(results):
        return len(frozenset().union(*acknowledged) - stored_ids)
    return max(0, sum(result.acknowledged_count for result in results) - len(stored_ids))


def _rows(
    plan: IngestPlan, database_name: str, connections: int, figures: dict[str, list[_Figure]]
) -> Iterator[dict[str, Any]]:
    for contender in plan.contenders:
        own = figures[contender.name]
        lost = sum(figure.lost for figure in own)
        yield {
            "database": database_name,
            "connections": connections,
            "contender": contender.name,
            "requests/s": median(figure.load.requests_per_second for figure in own),
            "p50 ms": median(figure.load.p50_ms for figure in own),
            "p99 ms": median(figure.load.p99_ms for figure in own),
            "cpu ms/req": median(figure.cpu_ms for figure in own),
            "errors": sum(sum(figure.load.errors.values()) for figure in own),
            "of verify": _rate_ratio(own, figures.get("verify")),
            "of handler": _rate_ratio(own, figures.get("handler")),
            "p50 of handler": _p50_ratio(own, figures.get("handler")),
            "acknowledged": _verdict(contender, own, lost),
        }


def _rate_ratio(own: Sequence[_Figure], baseline: Sequence[_Figure] | None) -> float | None:
    """Return the median of the rounds' ratios, as what slows the machine slows both."""
    if not baseline:
        return None
    return median(
        figure.load.requests_per_second / max(reference.load.requests_per_second, 1e-9)
        for figure, reference in zip(own, baseline, strict=True)
    )


def _p50_ratio(own: Sequence[_Figure], baseline: Sequence[_Figure] | None) -> float | None:
    if not baseline:
        return None
    return median(
        figure.load.p50_ms / max(reference.load.p50_ms, 1e-9)
        for figure, reference in zip(own, baseline, strict=True)
    )


def _verdict(contender: Contender, own: Sequence[_Figure], lost: int) -> str:
    if contender.ids_query is None:
        return "nothing stored"
    if lost:
        return f"VOID: {lost} are not stored"
    if any(figure.load.is_exhausted for figure in own):
        return "all stored; requests ran out"
    return "all stored"
