"""Rebuilding: a new table fills beside the live one, catches up, and cuts over."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from sqlalchemy import Connection

from ledger import Log
from ledger.database import write_transaction
from projections.drivers.bulk import MEMORY_MB, Progress
from projections.drivers.claims import TAKEN, Claims
from projections.drivers.cutover import cut_over
from projections.drivers.processes import fill_range
from projections.errors import AlreadyRunning, RebuildStopped
from projections.rows.kind import Kind
from projections.tables.catalog import Catalog
from projections.tables.engine import analyze
from projections.tables.schema import KindTables

__all__ = ["Rebuilder", "Rebuilt"]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A kind that has a new table: how many events it read, and in how many seconds."""

    kind: str
    fingerprint: str
    events: int
    seconds: float


class Rebuilder:
    """Builds tables side by side, one builder per kind at a time."""

    def __init__(
        self, catalog: Catalog, log: Log, *, processes: int = 1, memory_mb: int = MEMORY_MB
    ) -> None:
        self._catalog = catalog
        self._log = log
        self._processes = processes
        self._memory_mb = memory_mb
        self._claims = Claims(catalog)
        self._stopped = threading.Event()

    def rebuild(
        self,
        kinds: Sequence[Kind],
        progress: Progress | None = None,
        *,
        skip_running: bool = False,
        wait_for_ever: bool = False,
    ) -> list[Rebuilt]:
        """Build kinds in one pass over the log and cut over to them.

        Raises ``AlreadyRunning`` where one of them is being rebuilt, unless such are skipped, and
        ``CutoverBlocked`` where something is in the way of one, unless it shall ``wait_for_ever``;
        the others have been cut over all the same.
        """
        started = time.monotonic()
        with ExitStack() as claims:
            claimed = []
            for kind in kinds:
                try:
                    claimed.append(claims.enter_context(self._claims.claim(kind)))
                except AlreadyRunning:
                    if not skip_running:
                        raise
            position = self._fill(claimed, progress) if claimed else 0

            def guard(connection: Connection) -> None:
                if not self._claims.are_held(connection, len(claimed)):
                    raise AlreadyRunning(TAKEN)

            def rest(seconds: float) -> None:
                self._claims.heartbeat(position, position, expected=len(claimed))
                if self._stopped.wait(seconds):
                    raise RebuildStopped("the rebuild was stopped before its cutover")

            cut_over(
                self._catalog,
                self._log,
                claimed,
                guard=guard,
                rest=rest,
                wait_for_ever=wait_for_ever,
            )
        seconds = time.monotonic() - started
        return [
            Rebuilt(tables.kind.name, tables.kind.fingerprint, position, seconds)
            for tables in claimed
        ]

    def stop(self) -> None:
        """Make a rebuild that runs in another thread end at its next step."""
        self._stopped.set()

    def _fill(self, claimed: Sequence[KindTables], progress: Progress | None) -> int:
        """Take the tables up to where the log ends now, then make their indexes."""
        names = ", ".join(tables.kind.name for tables in claimed)
        total = self._log.head().position

        def report(position: int) -> None:
            if self._stopped.is_set():
                raise RebuildStopped(f"the rebuild of {names} was stopped")
            self._claims.heartbeat(position, total, expected=len(claimed))
            if progress is not None:
                progress(names, position, total)

        report(0)
        fill_range(
            self._catalog, self._log, claimed, 0, total,
            processes=self._processes, memory_mb=self._memory_mb, report=report,
        )  # fmt: skip
        for tables in claimed:
            # One transaction each: meanwhile the live tables' follower waits.
            for index in tables.indexes:
                with write_transaction(self._catalog.engine) as connection:
                    index.create(connection)
                report(total)
            with write_transaction(self._catalog.engine) as connection:
                analyze(connection, tables.rows)
        return total
