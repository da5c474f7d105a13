"""How long appends and reads stand still during a rebuild, beside the same load without one."""

from __future__ import annotations

import itertools
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from ledger import Appender, Delivery, Ledger
from projections import Projections
from scripts.benchmarks.children import run
from scripts.benchmarks.events import deliveries
from scripts.benchmarks.logs import Logs

__all__ = ["pauses"]

_APPEND_EVERY_SECONDS = 0.02
_READ_EVERY_SECONDS = 0.005
_DELIVERIES = 5000
_ELSEWHERE = 1_000_000  # a block of histories that no log of ours begins to reach
_LONG_MS = 100
_CONTEXT = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class _Waits:
    """How long each of some operations took, in milliseconds."""

    times: list[float]

    def row(self, name: str) -> dict[str, Any]:
        """As a table shows it."""
        ordered = sorted(self.times)
        return {
            "operation": name,
            "count": len(ordered),
            "p50 ms": ordered[len(ordered) // 2],
            "longest ms": ordered[-1],
            "over 100 ms": sum(each > _LONG_MS for each in ordered),
        }


def pauses(
    kept: Logs, url: str, events: int, rebuild: Callable[[str, int], int], processes: int
) -> list[dict[str, Any]]:
    """Two rows for the time of a rebuild, and two for as long without one.

    As long: a shared machine pauses of itself, the more often the longer one looks.
    """
    copy = kept.copy(url)
    took = run(rebuild, copy, processes).seconds
    fresh = list(deliveries(_DELIVERIES, first=_ELSEWHERE))
    rows = []
    for when, work in (
        ("without", lambda: time.sleep(took)),
        ("during", lambda: run(rebuild, copy, processes)),
    ):
        for name, waits in _loaded(copy, fresh, work).items():
            about = {"database": kept.name, "events": events, "rebuild": when}
            rows.append({**about, **waits.row(name)})
    return rows


def _loaded(url: str, fresh: list[Delivery], work: Callable[[], Any]) -> dict[str, _Waits]:
    """One appends, one reads, while the work is done."""
    stops, processes = {}, []
    for name, load, arguments in (
        ("append", _append, (url, fresh)),
        ("read", _read, (url,)),
    ):
        ours, theirs = _CONTEXT.Pipe()
        process = _CONTEXT.Process(target=load, args=(theirs, *arguments), daemon=True)
        process.start()
        processes.append(process)
        stops[name] = ours
    for stop in stops.values():
        stop.recv()  # it is at work
    work()
    waits = {}
    for name, stop in stops.items():
        stop.send("enough")
        waits[name] = _Waits(stop.recv())
    for process in processes:
        process.join()
    return waits


def _append(told: Connection, url: str, fresh: list[Delivery]) -> None:
    """As a web worker does it; who comes to the end begins again, with duplicates."""
    ledger = Ledger.open(url)
    appender = Appender(ledger)
    coming = itertools.cycle(fresh)
    _repeat(told, lambda: appender.submit(next(coming)).result(), _APPEND_EVERY_SECONDS)
    appender.close()
    ledger.close()


def _read(told: Connection, url: str) -> None:
    """The newest orders, one after the other."""
    projections = Projections.open(Ledger.open(url))
    ids = [row["id"] for row in projections.list("orders", limit=100).items]
    asked = itertools.cycle(ids)
    _repeat(told, lambda: projections.one("orders", next(asked)), _READ_EVERY_SECONDS)


def _repeat(told: Connection, operation: Callable[[], Any], every_seconds: float) -> None:
    operation()
    told.send("at work")
    times = []
    while not told.poll(every_seconds):
        started = time.perf_counter()
        operation()
        times.append(1000 * (time.perf_counter() - started))
    told.send(times)
