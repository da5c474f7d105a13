"""`scripts/bench ingest`: requests per second beside two floors, every acknowledgement counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from scripts.benchmarks.cache import say, scratch
from scripts.benchmarks.contenders import VERIFY, Contender
from scripts.benchmarks.databases import Database, database
from scripts.benchmarks.generators import generator
from scripts.benchmarks.load import Load, Loaded
from scripts.benchmarks.posts import Posts
from scripts.benchmarks.processes import cpu_seconds

__all__ = ["Plan", "measure"]

_WARM_SECONDS = 1.0
_CALIBRATION_BODIES = 500
# Nobody is faster than verifying alone; a third more, for that measurement's own noise.
_SPARE = 1.33


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for."""

    seconds: float
    connections: tuple[int, ...]
    databases: tuple[str, ...]
    workers: int
    rounds: int
    senders: int
    contenders: tuple[Contender, ...]


@dataclass(frozen=True, slots=True)
class _Figure:
    """One contender in one round; ``lost`` are acknowledged events that it did not keep."""

    loaded: Loaded
    lost: int
    cpu_ms: float


def measure(plan: Plan) -> tuple[list[dict[str, Any]], list[str]]:
    """The table's rows, and what is to be said beneath."""
    rows: list[dict[str, Any]] = []
    with scratch() as directory, generator(plan.senders) as load:
        posts = _enough(plan, directory, load)
        for name in plan.databases:
            with database(name, directory / name) as where:
                for connections in plan.connections:
                    figures = _rounds(plan, where, connections, posts, directory, load)
                    rows += list(_rows(plan, name, connections, figures))
        notes = [
            f"{plan.workers} worker(s) of {VERIFY.name}, handler and ledger alike; {plan.rounds}"
            f" round(s) of {plan.seconds:g} s; load by {load.name}; ratios are medians of the"
            " rounds' own",
            *(f"{each.name}: {each.about}" for each in plan.contenders),
        ]
    return rows, notes


def _enough(plan: Plan, directory: Path, load: Load) -> Posts:
    """More posts than anybody can take in the time, as verifying alone shows."""
    trial = Posts(directory / "trial", warm=1, count=_CALIBRATION_BODIES, senders=plan.senders)
    most = max(plan.connections)
    with VERIFY.at_work("", plan.workers, directory) as server:
        load(trial.slices(), server.port, most, _WARM_SECONDS, again=True)
        rate = load(trial.slices(), server.port, most, _WARM_SECONDS, again=True)
    each_second = _SPARE * rate.requests_per_second
    return Posts(
        directory / "posts",
        warm=int(each_second * _WARM_SECONDS) + most,
        count=int(each_second * plan.seconds) + most,
        senders=plan.senders,
    )


def _rounds(
    plan: Plan, where: Database, connections: int, posts: Posts, directory: Path, load: Load
) -> dict[str, list[_Figure]]:
    """Everybody once per round, each round beginning with another."""
    figures: dict[str, list[_Figure]] = {each.name: [] for each in plan.contenders}
    for number in range(plan.rounds):
        first = number % len(plan.contenders)
        for contender in (*plan.contenders[first:], *plan.contenders[:first]):
            figure = _measure(plan, contender, where, connections, posts, directory, load)
            figures[contender.name].append(figure)
            say(
                f"{where.name}, {connections} connection(s), round {number + 1}:"
                f" {contender.name} {figure.loaded.requests_per_second:,.0f}/s"
            )
    return figures


def _measure(
    plan: Plan,
    contender: Contender,
    where: Database,
    connections: int,
    posts: Posts,
    directory: Path,
    load: Load,
) -> _Figure:
    again = contender.ids is None
    with contender.at_work(where.fresh(), plan.workers, directory, posts.object_ids) as server:
        warm = load(posts.warm(), server.port, connections, _WARM_SECONDS, again=again)
        roots = [server.pid, *where.processes()]
        before = cpu_seconds(roots)
        loaded = load(posts.slices(), server.port, connections, plan.seconds, again=again)
        spent = cpu_seconds(roots) - before
        lost = 0 if again else _lost(contender.stored(server.url), warm, loaded)
    return _Figure(loaded, lost, 1000 * spent / max(1, _count(loaded)))


def _lost(stored: frozenset[str], *heard: Loaded) -> int:
    """How many acknowledged events are not in the store; each was sent once."""
    named = [one.acknowledged for one in heard if isinstance(one.acknowledged, frozenset)]
    if len(named) == len(heard):
        return len(frozenset().union(*named) - stored)
    return max(0, sum(_count(one) for one in heard) - len(stored))


def _count(loaded: Loaded) -> int:
    answers = loaded.acknowledged
    return answers if isinstance(answers, int) else len(answers)


def _rows(
    plan: Plan, where: str, connections: int, figures: dict[str, list[_Figure]]
) -> Iterator[dict[str, Any]]:
    for contender in plan.contenders:
        own = figures[contender.name]
        lost = sum(figure.lost for figure in own)
        yield {
            "database": where,
            "connections": connections,
            "contender": contender.name,
            "requests/s": median(figure.loaded.requests_per_second for figure in own),
            "p50 ms": median(figure.loaded.p50 for figure in own),
            "p99 ms": median(figure.loaded.p99 for figure in own),
            "cpu ms/req": median(figure.cpu_ms for figure in own),
            "errors": sum(sum(figure.loaded.errors.values()) for figure in own),
            "of verify": _ratio(own, figures.get("verify")),
            "of handler": _ratio(own, figures.get("handler")),
            "p50 of handler": _ratio(own, figures.get("handler"), p50=True),
            "acknowledged": _verdict(contender, own, lost),
        }


def _ratio(own: Sequence[_Figure], floor: Sequence[_Figure] | None, *, p50: bool = False) -> Any:
    """The median of the rounds' ratios: whatever slowed the machine slowed both."""
    if not floor:
        return None
    pairs = [(one.loaded, other.loaded) for one, other in zip(own, floor, strict=True)]
    if p50:
        return median(one.p50 / max(other.p50, 1e-9) for one, other in pairs)
    return median(
        one.requests_per_second / max(other.requests_per_second, 1e-9) for one, other in pairs
    )


def _verdict(contender: Contender, own: Sequence[_Figure], lost: int) -> str:
    if contender.ids is None:
        return "kept by nobody"
    if lost:
        return f"VOID: {lost} are not stored"
    if any(figure.loaded.exhausted for figure in own):
        return "all stored; requests ran out"
    return "all stored"
