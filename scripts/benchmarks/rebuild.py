"""`scripts/bench rebuild` and `follow`: events per second, beside reading the same rows."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import cycle
from statistics import median
from typing import Any

from api.commands.rebuild import rebuild as command
from ledger import Ledger
from projections import Projections
from scripts.benchmarks.cache import say, scratch
from scripts.benchmarks.children import Ran, run
from scripts.benchmarks.library import one_by_one
from scripts.benchmarks.logs import Logs, logs
from scripts.benchmarks.pauses import pauses
from scripts.benchmarks.scans import PARSERS, scan

__all__ = ["Plan", "follow", "follow_all", "rebuild", "rebuild_all"]

_MEGABYTE = 1_000_000
_FLOOR = "read + json.loads"
_NOTES = (
    "ratios are medians of the rounds' own; memory is that of all processes of a driver, without"
    " PostgreSQL's",
    "library: one event, one transaction, once, over the first 5,000 events",
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for; ``processes`` 0 leaves their number to the ledger."""

    events: tuple[int, ...]
    databases: tuple[str, ...]
    processes: int
    rounds: int
    with_pauses: bool


def rebuild(plan: Plan) -> tuple[list[Row], list[Row], tuple[str, ...]]:
    """Rows of speed, rows of pauses, and what is to be said beneath."""
    rows: list[Row] = []
    waits: list[Row] = []
    with scratch() as directory:
        for name in plan.databases:
            with logs(name, directory) as kept:
                for events in plan.events:
                    url = kept.log(events)
                    rows += _rounds(plan, kept, url, events, "rebuild", rebuild_all)
                    if plan.with_pauses:
                        say(f"{name}, {events:,} events: pauses")
                        waits += pauses(kept, url, events, rebuild_all, plan.processes)
    return rows, waits, _NOTES


def follow(plan: Plan) -> tuple[list[Row], tuple[str, ...]]:
    """The same for a follower that has the whole log before it."""
    rows: list[Row] = []
    with scratch() as directory:
        for name in plan.databases:
            with logs(name, directory) as kept:
                for events in plan.events:
                    url = kept.log(events)
                    rows += _rounds(plan, kept, url, events, "follow", follow_all)
    return rows, _NOTES


def rebuild_all(url: str, processes: int = 0) -> int:
    """Every kind, from an open log to the cutover, as `ledger rebuild` does it."""
    os.environ["LEDGER_DATABASE_URL"] = url
    options = [f"--processes={processes}"] if processes else []
    with redirect_stdout(StringIO()):
        command.main(["--json", *options], standalone_mode=False)
    return Ledger.open(url).log.head().position


def follow_all(url: str, _: int = 0) -> int:
    """From nothing to the head, round by round."""
    ledger = Ledger.open(url)
    projections = Projections.open(ledger)
    projections.create()
    while projections.follow():
        pass
    return ledger.log.head().position


def _rounds(
    plan: Plan,
    kept: Logs,
    url: str,
    events: int,
    driver: str,
    work: Callable[[str, int], int],
) -> list[Row]:
    ran: dict[str, list[Ran[int]]] = {}
    for number in range(plan.rounds):
        for name in PARSERS:
            ran.setdefault(name, []).append(run(scan, url, name))
        if "library" not in ran:  # so slow that once has to do
            ran["library"] = [run(one_by_one, url, kept.empty())]
        kept.forget(url)
        ran.setdefault(driver, []).append(run(work, url, plan.processes))
        last = ran[driver][-1]
        say(f"{kept.name}, {events:,} events, round {number + 1}: {_rate(last):,.0f}/s")
    log, rows = kept.sizes(url)
    return [
        {
            "database": kept.name,
            "events": events,
            "driver": name,
            "events/s": median(_rate(each) for each in own),
            f"of {_FLOOR}": _ratio(own, ran[_FLOOR]),
            "of library": _ratio(own, ran["library"]),
            "peak MB": max(each.peak_bytes for each in own) / _MEGABYTE,
            "size MB": (rows if name == driver else log) / _MEGABYTE,
        }
        for name, own in ran.items()
    ]


def _rate(ran: Ran[int]) -> float:
    return ran.value / ran.seconds


def _ratio(own: list[Ran[int]], floor: list[Ran[int]]) -> float:
    return median(_rate(one) / _rate(other) for one, other in zip(own, cycle(floor), strict=False))
