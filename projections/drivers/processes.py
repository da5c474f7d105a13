"""Filling with several processes: each computes batches, and writes them when their turn comes."""

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
from projections.drivers.bulk import Filler, Report, batch_ranges, fill
from projections.kinds import declared
from projections.tables.catalog import Catalog
from projections.tables.engine import engine_at
from projections.tables.schema import KindTables

__all__ = ["fill_range"]

# Below, starting processes takes longer than what they would do.
_WORTH_PROCESSES = 20_000

_DIED = (
    "a process of the rebuild died: if it was for want of memory, `ledger rebuild` takes --memory"
    " and --processes"
)

# Not forked: SQLite's handles and the threads of this process do not survive that.
_CONTEXT = multiprocessing.get_context("spawn")


def fill_range(
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
    """Take tables from checkpoint ``after`` to ``upto``; ``report`` gets the positions between.

    No more than so many processes do it, and fewer where they would be of no use.
    """
    # Other processes have to have the same declarations: code does not travel, names do.
    personal_data = _personal_data(tables)
    if personal_data is None or upto - after <= _WORTH_PROCESSES:
        processes = 1
    ranges = batch_ranges(
        after, upto, memory_mb=memory_mb, processes=processes, body_bytes=log.body_bytes()
    )
    if processes > 1:
        _fill_with(processes, catalog, log, tables, ranges, report, bool(personal_data))
    else:
        fill(Filler(catalog, log, tables), ranges, report)


def _personal_data(tables: Sequence[KindTables]) -> bool | None:
    """Whether tables are of the declared kinds with personal data; None: of neither."""
    for personal_data in (True, False):
        kinds = declared(personal_data=personal_data)
        if all(kinds.get(table.kind.name) is table.kind for table in tables):
            return personal_data
    return None


def _fill_with(
    processes: int,
    catalog: Catalog,
    log: Log,
    tables: Sequence[KindTables],
    ranges: Iterator[tuple[int, int]],
    report: Report,
    personal_data: bool,
) -> None:
    """As ``fill``: batches are computed side by side and written one after the other."""
    urls = [engine.url.render_as_string(hide_password=False)
            for engine in (log.engine, catalog.engine)]  # fmt: skip
    names = {table.kind.name: table.name for table in tables}
    workers: list[_Worker] = []
    try:
        for _ in range(processes):
            workers.append(_Worker(urls, names, personal_data))
        waiting: deque[tuple[_Worker, int]] = deque()
        free = deque(workers)
        while True:
            while free and (next_range := next(ranges, None)) is not None:
                worker = free.popleft()
                worker.send("prepare", *next_range)
                waiting.append((worker, next_range[1]))
            if not waiting:
                return
            worker, upto = waiting.popleft()
            worker.wait()
            worker.send("commit")
            worker.wait()
            free.append(worker)
            report(upto)
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """The parent's end of a process that works for it."""

    def __init__(self, urls: Sequence[str], names: Mapping[str, str], personal_data: bool) -> None:
        self._pipe, child_pipe = _CONTEXT.Pipe()
        arguments = (child_pipe, urls, names, personal_data)
        self._process = _CONTEXT.Process(target=_work, args=arguments, daemon=True)
        self._process.start()
        child_pipe.close()

    def send(self, *request: Any) -> None:
        """Give it something to do."""
        try:
            self._pipe.send(request)
        except OSError as error:
            raise StoreUnavailable(_DIED) from error

    def wait(self) -> None:
        """Wait until it has done it; raises what it raised."""
        try:
            error = self._pipe.recv()
        except (EOFError, OSError) as closed:
            raise StoreUnavailable(_DIED) from closed
        if error is not None:
            raise error

    def end(self) -> None:
        """End it; what it had not committed is lost with it."""
        self._pipe.close()
        self._process.terminate()
        self._process.join()


def _work(
    pipe: Connection, urls: Sequence[str], names: Mapping[str, str], personal_data: bool
) -> None:
    """Carry out requests until the parent closes the pipe, or is gone."""
    # Ctrl-C reaches every process of a terminal; it is the parent who acts on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log_url, projections_url = urls
    ledger = Ledger.open(log_url)
    catalog = Catalog(engine_at(make_url(projections_url)), ledger.log)
    kinds = declared(personal_data=personal_data)
    tables = [catalog.tables(kinds[kind], name) for kind, name in names.items()]
    filler = Filler(catalog, ledger.log, tables)
    prepared = None
    gc.disable()
    while True:
        try:
            request, *arguments = pipe.recv()
        except (EOFError, OSError):
            return
        result: Exception | None = None
        try:
            if request == "prepare":
                prepared = filler.prepare(*arguments)
            elif prepared is not None:
                filler.commit(prepared)
                prepared = None
        except Exception as error:  # the parent raises it
            result = error
        try:
            pipe.send(result)
        except OSError:
            return
