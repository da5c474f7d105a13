"""Filling with several processes: each works batches out, and writes them when their turn comes."""

from __future__ import annotations

import gc
import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any

from sqlalchemy import make_url

from ledger import Ledger, Log, StoreUnavailable
from projections.drivers.bulk import Filler, Report, batches, fill
from projections.kinds import KINDS
from projections.tables.catalog import Catalog
from projections.tables.engine import engine_at
from projections.tables.schema import KindTables

__all__ = ["fill_between"]

# Below, starting processes takes longer than what they would do.
_WORTH_PROCESSES = 20_000

_DIED = (
    "a process of the rebuild died: if it was for want of memory, `ledger rebuild` takes --memory"
    " and --processes"
)

# Not forked: SQLite's handles and the threads of this process do not survive that.
_CONTEXT = multiprocessing.get_context("spawn")


def fill_between(
    catalog: Catalog,
    log: Log,
    tables: Sequence[KindTables],
    after: int,
    upto: int,
    *,
    processes: int,
    memory_mb: int,
    report: Report,
) -> None:
    """Take tables that stand ``after`` through the log; ``report`` is told the positions between.

    No more than so many processes do it, and fewer where they would be of no use.
    """
    # Other processes have to find the same declarations: code does not travel, names do.
    known = all(KINDS.get(one.kind.name) is one.kind for one in tables)
    if not known or upto - after <= _WORTH_PROCESSES:
        processes = 1
    ranges = batches(
        after, upto, memory_mb=memory_mb, processes=processes, body_bytes=log.body_bytes()
    )
    if processes > 1:
        _fill_with(processes, catalog, log, tables, ranges, report)
    else:
        fill(Filler(catalog, log, tables), ranges, report)


def _fill_with(
    processes: int,
    catalog: Catalog,
    log: Log,
    tables: Sequence[KindTables],
    ranges: Iterator[tuple[int, int]],
    report: Report,
) -> None:
    """As ``fill``: the batches are worked out side by side and written one after the other."""
    urls = [one.engine.url.render_as_string(hide_password=False) for one in (log, catalog)]
    names = {one.kind.name: one.name for one in tables}
    workers: list[_Worker] = []
    try:
        for _ in range(processes):
            workers.append(_Worker(urls, names))
        waiting: deque[tuple[_Worker, int]] = deque()
        free = deque(workers)
        while True:
            while free and (given := next(ranges, None)) is not None:
                worker = free.popleft()
                worker.ask("prepare", *given)
                waiting.append((worker, given[1]))
            if not waiting:
                return
            worker, upto = waiting.popleft()
            worker.answer()
            worker.ask("commit")
            worker.answer()
            free.append(worker)
            report(upto)
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """The parent's end of a process that works for it."""

    def __init__(self, urls: Sequence[str], names: Mapping[str, str]) -> None:
        self._line, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_work, args=(theirs, urls, names), daemon=True)
        self._process.start()
        theirs.close()

    def ask(self, *question: Any) -> None:
        """Give it something to do."""
        try:
            self._line.send(question)
        except OSError as error:
            raise StoreUnavailable(_DIED) from error

    def answer(self) -> None:
        """Wait until it is done; raises what it raised."""
        try:
            raised = self._line.recv()
        except (EOFError, OSError) as error:
            raise StoreUnavailable(_DIED) from error
        if raised is not None:
            raise raised

    def end(self) -> None:
        """Let it go; what it had not committed is lost with it."""
        self._line.close()
        self._process.terminate()
        self._process.join()


def _work(line: Connection, urls: Sequence[str], names: Mapping[str, str]) -> None:
    """Do as asked until the parent hangs up, or is gone."""
    # Ctrl-C reaches every process of a terminal; it is the parent who acts on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log, conclusions = urls
    ledger = Ledger.open(log)
    catalog = Catalog(engine_at(make_url(conclusions)))
    tables = [catalog.tables(KINDS[kind], name) for kind, name in names.items()]
    filler = Filler(catalog, ledger.log, tables)
    ready = None
    gc.disable()
    while True:
        try:
            question, *given = line.recv()
        except (EOFError, OSError):
            return
        raised: Exception | None = None
        try:
            if question == "prepare":
                ready = filler.prepare(*given)
            elif ready is not None:
                filler.commit(ready)
                ready = None
        except Exception as error:  # the parent's to raise
            raised = error
        try:
            line.send(raised)
        except OSError:
            return
