"""How long appends and reads take during a rebuild, beside the same load without a rebuild."""

from __future__ import annotations

import itertools
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from ledger import Appender, Delivery, Ledger
from projections import Page, Projections
from scripts.benchmarks.children import run
from scripts.benchmarks.events import deliveries
from scripts.benchmarks.logs import Logs

__all__ = ["pauses"]

_APPEND_EVERY_SECONDS = 0.02
_READ_EVERY_SECONDS = 0.005
_DELIVERIES = 5000
_UNUSED_BLOCK = 1_000_000  # a block of histories beyond those of any log
_LONG_MS = 100
_CONTEXT = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class _Durations:
    """How long each of some operations took."""

    times_ms: list[float]

    def row(self, operation: str) -> dict[str, Any]:
        """Return the columns of a table's row."""
        ordered = sorted(self.times_ms)
        return {
            "operation": operation,
            "count": len(ordered),
            "p50 ms": ordered[len(ordered) // 2],
            "longest ms": ordered[-1],
            "over 100 ms": sum(time_ms > _LONG_MS for time_ms in ordered),
        }


def pauses(
    logs: Logs, url: str, events: int, rebuild: Callable[[str, int], int], processes: int
) -> list[dict[str, Any]]:
    """Return two rows for the time of a rebuild, and two for the same time without one.

    The times are equal because a shared machine has pauses of its own, more of them in more time.
    """
    copy = logs.copy(url)
    seconds = run(rebuild, copy, processes).seconds
    new_deliveries = list(deliveries(_DELIVERIES, first_block=_UNUSED_BLOCK))
    rows = []
    for when, work in (
        ("without", lambda: time.sleep(seconds)),
        ("during", lambda: run(rebuild, copy, processes)),
    ):
        for operation, durations in _measure_load(copy, new_deliveries, work).items():
            columns = {"database": logs.name, "events": events, "rebuild": when}
            rows.append({**columns, **durations.row(operation)})
    return rows


def _measure_load(
    url: str, new_deliveries: list[Delivery], work: Callable[[], Any]
) -> dict[str, _Durations]:
    """Append in one process and read in another while some work runs."""
    connections, processes = {}, []
    for operation, load, arguments in (
        ("append", _append, (url, new_deliveries)),
        ("read", _read, (url,)),
    ):
        parent, child = _CONTEXT.Pipe()
        process = _CONTEXT.Process(target=load, args=(child, *arguments), daemon=True)
        process.start()
        processes.append(process)
        connections[operation] = parent
    for connection in connections.values():
        connection.recv()  # it has begun
    work()
    durations = {}
    for operation, connection in connections.items():
        connection.send("stop")
        durations[operation] = _Durations(connection.recv())
    for process in processes:
        process.join()
    return durations


def _append(parent: Connection, url: str, new_deliveries: list[Delivery]) -> None:
    """Append as a web worker does; after the last delivery begin again, with duplicates."""
    ledger = Ledger.open(url)
    appender = Appender(ledger)
    endless = itertools.cycle(new_deliveries)
    _repeat(parent, lambda: appender.submit(next(endless)).result(), _APPEND_EVERY_SECONDS)
    appender.close()
    ledger.close()


def _read(parent: Connection, url: str) -> None:
    """Read the newest orders, one after the other."""
    projections = Projections.open(Ledger.open(url))
    ids = itertools.cycle(
        [row["id"] for row in projections.list("orders", page=Page(limit=100)).items]
    )
    _repeat(parent, lambda: projections.get("orders", next(ids)), _READ_EVERY_SECONDS)


def _repeat(parent: Connection, operation: Callable[[], Any], every_seconds: float) -> None:
    """Run an operation until the parent process says stop, then send it the times."""
    operation()
    parent.send("started")
    times_ms = []
    while not parent.poll(every_seconds):
        started = time.perf_counter()
        operation()
        times_ms.append(1000 * (time.perf_counter() - started))
    parent.send(times_ms)
