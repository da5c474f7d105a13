"""A crew: works on slices side by side, and does again what a worker died of."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass
from functools import partial

from ledger import Log, StoreUnavailable
from projections.drivers import work
from projections.drivers.bulk import Report, batch_ranges, batch_size
from projections.drivers.draw import ranges_of
from projections.drivers.executors import InProcess, Workers
from projections.tables.catalog import Catalog
from projections.tables.event_types import Telling
from projections.tables.schema import Unit

__all__ = ["Crew"]

# Below, starting workers takes longer than what they would do.
_WORTH_WORKERS = 20_000
# How often in a row a slice is tried whose workers die.
_TRIES = 5
# And how often it is not its turn, though it is the first.
_WAITS = 20


@dataclass(slots=True)
class _Slice:
    """What is to be done, and how far it is done then; ``tries`` counts the workers that died
    meanwhile, ``waits`` how often it was not its turn."""

    work: Callable[[], bool]
    done: int
    tries: int = 0
    waits: int = 0
    future: Future[bool] | None = None


class Crew:
    """Workers for some units: they fill stores slice by slice, and draw their rows.

    Without ``workers``, or where few events are worth no others, this process does it.
    """

    def __init__(
        self,
        catalog: Catalog,
        log: Log,
        units: Sequence[Unit],
        *,
        workers: Workers | None,
        events: int,
        telling: Telling | None = None,
        noted: int = 0,
    ) -> None:
        self._catalog = catalog
        self._log = log
        self._units = units
        self._telling, self._noted = telling, noted
        assigned = None
        if telling is not None:
            events = telling.count + max(0, events - telling.upto)
        if workers is not None and events > _WORTH_WORKERS:
            assigned = work.assignment(catalog, log, units, telling, is_remote=workers.is_remote)
        self._open: Callable[[], Executor]
        if workers is None or assigned is None:
            alone = work.Worker(catalog, log, units, telling)
            self._open, self._count, self._who = InProcess, 1, "this process"
            self._fill: Callable[..., bool] = alone.fill
            self._draw: Callable[..., bool] = alone.draw
        else:
            self._open, self._count, self._who = workers.open, workers.count, str(workers)
            self._fill, self._draw = partial(work.fill, assigned), partial(work.draw, assigned)

    def fill(self, after: int, upto: int, *, memory_mb: int, report: Report) -> None:
        """Take the stores from ``after`` to ``upto``; ``report`` gets the positions between."""
        size = batch_size(
            memory_mb=memory_mb, processes=self._count, body_bytes=self._log.body_bytes()
        )
        ranges = batch_ranges(self._log, after, upto, size, self._telling, self._noted)
        self._do((_Slice(partial(self._fill, *each), each[1]) for each in ranges), report)

    def draw(self, report: Callable[[float], None]) -> None:
        """Draw all rows of the units; ``report`` gets the part that is done, from 0 to 1."""
        ranges = [
            (number, *each)
            for number, unit in enumerate(self._units)
            for each in ranges_of(self._catalog, unit)
        ]
        total = len(ranges)
        self._do(
            (_Slice(partial(self._draw, *each), done) for done, each in enumerate(ranges, 1)),
            lambda done: report(done / total),
        )

    def _do(self, slices: Iterator[_Slice], report: Report) -> None:
        """Do slices, so many at a time, those first that come first."""
        executor = self._open()
        waiting: deque[_Slice] = deque()
        try:
            while True:
                while len(waiting) < self._count and (following := next(slices, None)) is not None:
                    waiting.append(following)
                if not waiting:
                    return
                try:
                    is_done = _result(executor, waiting)
                except BrokenExecutor as broken:
                    self._begin_again(waiting, broken)
                    executor.shutdown(wait=False)
                    executor = self._open()
                    continue
                if is_done:
                    report(waiting.popleft().done)
                else:
                    # It gave its place to one that came before it.
                    self._wait_again(waiting[0])
        finally:
            for each in waiting:
                if each.future is not None:
                    each.future.cancel()
            executor.shutdown(wait=True)

    def _begin_again(self, waiting: Iterable[_Slice], broken: BrokenExecutor) -> None:
        """Forget what was begun, as a pool of processes is broken as a whole."""
        for each in waiting:
            each.future = None
            each.tries += 1
            if each.tries >= _TRIES:
                raise StoreUnavailable(
                    f"{self._who} died, again and again: if it was for want of memory,"
                    " `ledger rebuild` takes --memory and --processes"
                ) from broken

    def _wait_again(self, first: _Slice) -> None:
        first.future = None
        first.waits += 1
        if first.waits >= _WAITS:
            raise StoreUnavailable(
                "what was written before is not there: did the database lose its last commits?"
            )


def _result(executor: Executor, waiting: Sequence[_Slice]) -> bool:
    """Submit what is not submitted yet, and wait for the first of them."""
    for each in waiting:
        if each.future is None:
            each.future = executor.submit(each.work)
    first = waiting[0].future
    assert first is not None
    return first.result()
