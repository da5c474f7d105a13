"""`scripts/bench rebuild` and `follow`: events per second, beside reading the same rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import cycle
from statistics import median
from typing import Any

from api.commands.rebuild import rebuild as rebuild_command
from ledger import Ledger
from projections import Projections
from scripts.benchmarks.cache import print_progress, scratch_directory
from scripts.benchmarks.children import Measured, run
from scripts.benchmarks.library import follow_by_library
from scripts.benchmarks.logs import Logs, open_logs
from scripts.benchmarks.pauses import pauses
from scripts.benchmarks.scans import PARSERS, scan

__all__ = ["RebuildPlan", "follow_all", "measure_follow", "measure_rebuild", "rebuild_all"]

_MEGABYTE = 1_000_000
_BASELINE = "read + json.loads"
_NOTES = (
    "ratios are medians of the rounds' own; memory is that of all processes of a driver, without"
    " PostgreSQL's",
    "library: one event, one transaction, once, over the first 5,000 events",
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RebuildPlan:
    """The options of a run; ``processes`` 0 leaves their number to the ledger."""

    events: tuple[int, ...]
    databases: tuple[str, ...]
    processes: int
    rounds: int
    with_pauses: bool


def measure_rebuild(plan: RebuildPlan) -> tuple[list[Row], list[Row], tuple[str, ...]]:
    """Measure rebuilding; return rows of speed, rows of pauses, and the notes below them."""
    rows: list[Row] = []
    pause_rows: list[Row] = []
    with scratch_directory() as directory:
        for name in plan.databases:
            with open_logs(name, directory) as logs:
                for events in plan.events:
                    url = logs.log(events)
                    rows += _rounds(plan, logs, url, events, _REBUILDS)
                    if plan.with_pauses:
                        print_progress(f"{name}, {events:,} events: pauses")
                        pause_rows += pauses(logs, url, events, rebuild_all, plan.processes)
    return rows, pause_rows, _NOTES


def measure_follow(plan: RebuildPlan) -> tuple[list[Row], tuple[str, ...]]:
    """Measure a follower that reads a whole log; return rows of speed, and the notes below."""
    rows: list[Row] = []
    with scratch_directory() as directory:
        for name in plan.databases:
            with open_logs(name, directory) as logs:
                for events in plan.events:
                    url = logs.log(events)
                    rows += _rounds(plan, logs, url, events, {"follow": follow_all})
    return rows, _NOTES


def rebuild_all(url: str, processes: int = 0) -> int:
    """Rebuild every kind, as `ledger rebuild` does; return the log's last position."""
    return _rebuild(url, processes)


def draw_all(url: str, processes: int = 0) -> int:
    """Draw the rows of every kind from the states; return the log's last position."""
    return _rebuild(url, processes, "--rows-only")


def rebuild_payouts(url: str, processes: int = 0) -> int:
    """Rebuild the payouts alone, from the log; return its last position."""
    return _rebuild(url, processes, "payouts")


# In this order: the states and event types of the first are what the others go by.
_REBUILDS = {"rebuild": rebuild_all, "rows only": draw_all, "payouts alone": rebuild_payouts}


def _rebuild(url: str, processes: int, *arguments: str) -> int:
    os.environ["LEDGER_DATABASE_URL"] = url
    options = [f"--processes={processes}"] if processes else []
    with redirect_stdout(StringIO()):
        rebuild_command.main(["--json", *options, *arguments], standalone_mode=False)
    return Ledger.open(url).log.head().position


def follow_all(url: str, _: int = 0) -> int:
    """Follow from the start of the log to its end; return the last position."""
    ledger = Ledger.open(url)
    projections = Projections.open(ledger)
    projections.create()
    while projections.follow():
        pass
    return ledger.log.head().position


def _rounds(
    plan: RebuildPlan,
    logs: Logs,
    url: str,
    events: int,
    drivers: Mapping[str, Callable[[str, int], int]],
) -> list[Row]:
    results: dict[str, list[Measured[int]]] = {}
    for number in range(plan.rounds):
        for name in PARSERS:
            results.setdefault(name, []).append(run(scan, url, name))
        if "library" not in results:  # it is so slow that it is measured once only
            results["library"] = [run(follow_by_library, url, logs.create_empty())]
        logs.drop_projections(url)
        for driver, drive in drivers.items():
            results.setdefault(driver, []).append(run(drive, url, plan.processes))
            rate = _rate(results[driver][-1])
            print_progress(
                f"{logs.name}, {events:,} events, round {number + 1}: {driver} {rate:,.0f}/s"
            )
    log_bytes, rows_bytes = logs.size_bytes(url)
    return [
        {
            "database": logs.name,
            "events": events,
            "driver": name,
            "events/s": median(_rate(result) for result in own),
            f"of {_BASELINE}": _ratio(own, results[_BASELINE]),
            "of library": _ratio(own, results["library"]),
            "peak MB": max(result.peak_bytes for result in own) / _MEGABYTE,
            "size MB": (rows_bytes if name in drivers else log_bytes) / _MEGABYTE,
        }
        for name, own in results.items()
    ]


def _rate(result: Measured[int]) -> float:
    return result.value / result.seconds


def _ratio(own: list[Measured[int]], baseline: list[Measured[int]]) -> float:
    return median(
        _rate(result) / _rate(reference)
        for result, reference in zip(own, cycle(baseline), strict=False)
    )
