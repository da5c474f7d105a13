"""Rebuilding beside what serves: the log into new stores, stores into new rows, then cutover."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from sqlalchemy import Connection

from ledger import Log
from ledger.database import read_transaction, write_transaction
from projections.drivers.bulk import MEMORY_MB, Progress
from projections.drivers.claims import TAKEN, Claims, Due
from projections.drivers.crew import Crew
from projections.drivers.cutover import cut_over
from projections.drivers.draw import mark_drawn
from projections.drivers.executors import Workers
from projections.errors import AlreadyRunning, RebuildStopped
from projections.tables.catalog import Catalog
from projections.tables.engine import analyze
from projections.tables.event_types import begin_noting, noted_upto, telling_of
from projections.tables.schema import Unit
from projections.tables.store import ComponentStore

__all__ = ["Rebuilder", "Rebuilt", "draw_units"]

# How much of the whole each stage is, for its bar: states, rows, and then indexes.
_FILLED, _DRAWN = 0.7, 0.95


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A kind that has a new table: up to which position, and in how many seconds."""

    kind: str
    fingerprint: str
    events: int
    seconds: float


class Rebuilder:
    """Builds tables side by side, one builder per kind at a time."""

    def __init__(
        self,
        catalog: Catalog,
        log: Log,
        *,
        workers: Workers | None = None,
        memory_mb: int = MEMORY_MB,
    ) -> None:
        self._catalog = catalog
        self._log = log
        self._workers = workers
        self._memory_mb = memory_mb
        self._claims = Claims(catalog)
        self._stopped = threading.Event()

    def rebuild(
        self,
        due: Sequence[Due],
        progress: Progress | None = None,
        *,
        skip_running: bool = False,
        wait_for_ever: bool = False,
    ) -> list[Rebuilt]:
        """Build what is due and cut over to it: stores in one pass over the log, then rows.

        Raises ``AlreadyRunning`` where one of the kinds is being rebuilt, unless such are skipped,
        and ``CutoverBlocked`` where something is in the way of one, unless it shall
        ``wait_for_ever``; the others have been cut over all the same.
        """
        started = time.monotonic()
        with ExitStack() as claims:
            claimed: list[tuple[Due, Unit]] = []
            for each in due:
                try:
                    claimed.append((each, claims.enter_context(self._claims.claim(each))))
                except AlreadyRunning:
                    if not skip_running:
                        raise
            units = [unit for _, unit in claimed]
            expected = sum(len(unit.rows) for unit in units)
            position = self._build(claimed, progress) if claimed else 0

            def guard(connection: Connection) -> None:
                if not self._claims.are_held(connection, expected):
                    raise AlreadyRunning(TAKEN)

            def rest(seconds: float) -> None:
                self._claims.heartbeat(position, position, expected=expected)
                if self._stopped.wait(seconds):
                    raise RebuildStopped("the rebuild was stopped before its cutover")

            cut_over(
                self._catalog, self._log, units,
                guard=guard, rest=rest, wait_for_ever=wait_for_ever,
            )  # fmt: skip
        seconds = time.monotonic() - started
        return [
            Rebuilt(tables.kind.name, tables.kind.fingerprint, position, seconds)
            for unit in units
            for tables in unit.rows
        ]

    def stop(self) -> None:
        """Make a rebuild that runs in another thread end at its next step."""
        self._stopped.set()

    def _build(self, claimed: Sequence[tuple[Due, Unit]], progress: Progress | None) -> int:
        """Take new stores up to where the log ends now, draw rows, and make their indexes."""
        units = [unit for _, unit in claimed]
        tables = [each for unit in units for each in unit.rows]
        names = ", ".join(sorted(each.kind.name for each in tables))
        total = self._log.head().position

        def report(part: float) -> None:
            if self._stopped.is_set():
                raise RebuildStopped(f"the rebuild of {names} was stopped")
            position = round(part * total)
            self._claims.heartbeat(position, total, expected=len(tables))
            if progress is not None:
                progress(names, position, total)

        report(0)
        new = [unit for due, unit in claimed if due.store is None]
        filled = _FILLED if new else 0.0
        if new:
            begin_noting(self._catalog)
            objects = {name for unit in new for name in unit.family.objects}
            crew = Crew(
                self._catalog, self._log, new,
                workers=self._workers, events=total,
                telling=telling_of(self._catalog, self._log, objects),
                noted=noted_upto(self._catalog),
            )  # fmt: skip
            crew.fill(
                0, total, memory_mb=self._memory_mb,
                report=lambda position: report(filled * position / total),
            )  # fmt: skip
        draw_units(
            self._catalog, self._log, units,
            workers=self._workers,
            report=lambda part: report(filled + (_DRAWN - filled) * part),
        )  # fmt: skip
        indexes = [index for each in tables for index in each.indexes]
        for number, index in enumerate(indexes, 1):
            # One transaction each: meanwhile the live tables' follower waits.
            with write_transaction(self._catalog.engine) as connection:
                index.create(connection)
            report(_DRAWN + (1 - _DRAWN) * number / len(indexes))
        for each in tables:
            with write_transaction(self._catalog.engine) as connection:
                analyze(connection, each.rows)
        return total


def draw_units(
    catalog: Catalog,
    log: Log,
    units: Sequence[Unit],
    *,
    workers: Workers | None,
    report: Callable[[float], None],
) -> None:
    """Draw all rows of some units, which serve nobody yet, from their stores."""
    with read_transaction(catalog.engine) as connection:
        read = [catalog.checkpoint(connection, unit.store.name) for unit in units]
        stores = [ComponentStore(connection, unit.store) for unit in units]
        components = sum(store.greatest_number() for store in stores)
    # To draw one takes about as long as to fold two events.
    crew = Crew(catalog, log, units, workers=workers, events=2 * components)
    crew.draw(report)
    with write_transaction(catalog.engine) as connection:
        for unit, checkpoint in zip(units, read, strict=True):
            assert checkpoint is not None
            mark_drawn(catalog, connection, unit, checkpoint)
