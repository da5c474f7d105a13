"""Rebuilding: a new table fills beside the living one, catches up, and takes over."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain, count

from sqlalchemy import Connection, delete, insert, select, update

from ledger import Log
from ledger.database import read_transaction, write_transaction
from projections.drivers.bulk import MEMORY_MB, Progress
from projections.drivers.cutover import cut_over
from projections.drivers.processes import fill_between
from projections.errors import AlreadyRunning, RebuildStopped
from projections.rows.kind import Kind
from projections.tables.catalog import Catalog, LiveTable
from projections.tables.engine import create_lock
from projections.tables.schema import KindTables

__all__ = ["Rebuilder", "Rebuilt", "is_silent"]

# A builder that has not been heard of for so long is dead; its work is thrown away.
_SILENT_SECONDS_MAX = 60

_TAKEN = "another rebuild took over from this one, which had been silent"


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
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{time.monotonic_ns()}"
        self._stopped = threading.Event()

    def rebuild(
        self,
        kinds: Sequence[Kind],
        progress: Progress | None = None,
        *,
        skip_running: bool = False,
        for_ever: bool = False,
    ) -> list[Rebuilt]:
        """Build kinds in one pass over the log and let them take over.

        Raises ``AlreadyRunning`` where one of them is being rebuilt, unless such are skipped, and
        ``CutoverBlocked`` where something is in the way of one, unless that is waited for
        ``for_ever``; the others have taken over all the same.
        """
        started = time.monotonic()
        with ExitStack() as claims:
            claimed = []
            for kind in kinds:
                try:
                    claimed.append(claims.enter_context(self._claimed(kind)))
                except AlreadyRunning:
                    if not skip_running:
                        raise
            position = self._fill(claimed, progress) if claimed else 0

            def guard(connection: Connection) -> None:
                if not self._owns(connection, len(claimed)):
                    raise AlreadyRunning(_TAKEN)

            def rest(seconds: float) -> None:
                self._beat(position, position, expected=len(claimed))
                if self._stopped.wait(seconds):
                    raise RebuildStopped("the rebuild was stopped before it took over")

            cut_over(self._catalog, self._log, claimed, guard=guard, rest=rest, for_ever=for_ever)
        seconds = time.monotonic() - started
        return [
            Rebuilt(tables.kind.name, tables.kind.fingerprint, position, seconds)
            for tables in claimed
        ]

    def stop(self) -> None:
        """Let a rebuild that runs in another thread end at its next step."""
        self._stopped.set()

    def _fill(self, claimed: Sequence[KindTables], progress: Progress | None) -> int:
        """Take the tables up to where the log ends now, then make their indexes."""
        names = ", ".join(tables.kind.name for tables in claimed)
        total = self._log.head().position

        def report(position: int) -> None:
            if self._stopped.is_set():
                raise RebuildStopped(f"the rebuild of {names} was stopped")
            self._beat(position, total, expected=len(claimed))
            if progress is not None:
                progress(names, position, total)

        report(0)
        fill_between(
            self._catalog, self._log, claimed, 0, total,
            processes=self._processes, memory_mb=self._memory_mb, report=report,
        )  # fmt: skip
        for tables in claimed:
            # Each by itself: meanwhile the living tables' follower waits.
            for index in tables.indexes:
                with write_transaction(self._catalog.engine) as connection:
                    index.create(connection)
                report(total)
        return total

    def request(self, kind: Kind) -> bool:
        """Ask whoever follows to rebuild a kind; False while a rebuild runs or is asked for."""
        rebuilds = self._catalog.control.rebuilds
        with write_transaction(self._catalog.engine) as connection:
            create_lock(connection)
            row = connection.execute(select(rebuilds).where(rebuilds.c.kind == kind.name)).first()
            if row is not None and (row.state == "requested" or not is_silent(row.beat)):
                return False
            connection.execute(delete(rebuilds).where(rebuilds.c.kind == kind.name))
            # Only code of the same declaration may take it up: other code would cutover to its own.
            asked = {"kind": kind.name, "state": "requested", "owner": kind.fingerprint}
            connection.execute(insert(rebuilds).values(**asked))
            return True

    def owed(self, connection: Connection, kinds: Mapping[str, Kind]) -> list[str]:
        """The kinds whose rebuild was asked for and not begun, or begun by who died of it."""
        rows = connection.execute(select(self._catalog.control.rebuilds)).all()
        return [
            row.kind
            for row in rows
            if (kind := kinds.get(row.kind)) is not None
            and (
                row.owner == kind.fingerprint
                if row.state == "requested"
                else is_silent(row.beat) and kind.fingerprint in str(row.table_name)
            )
        ]

    @contextmanager
    def _claimed(self, kind: Kind) -> Iterator[KindTables]:
        catalog, rebuilds = self._catalog, self._catalog.control.rebuilds
        with write_transaction(catalog.engine) as connection:
            create_lock(connection)
            row = connection.execute(select(rebuilds).where(rebuilds.c.kind == kind.name)).first()
            if row is not None and row.state == "running" and not is_silent(row.beat):
                raise AlreadyRunning(
                    f"a rebuild of {kind.name} runs already ({row.owner}, last heard of"
                    f" {max(0, int(time.time()) - row.beat)} s ago; taken for dead after"
                    f" {_SILENT_SECONDS_MAX} s)"
                )
            if row is not None:
                if row.table_name is not None and not self._is_live(kind, row.table_name):
                    catalog.drop(connection, row.table_name)
                connection.execute(delete(rebuilds).where(rebuilds.c.kind == kind.name))
            live_table = catalog.live_table(connection, kind.name)
            # Should whoever built there before wake up, it must not find ours.
            name = _free(kind, live_table, None if row is None else row.table_name)
            tables = catalog.tables(kind, name)
            catalog.make(connection, tables, indexed=False)
            connection.execute(
                insert(rebuilds).values(
                    kind=kind.name, state="running", table_name=name, owner=self._owner,
                    started=int(time.time()), beat=int(time.time()), done=0, total=0,
                )
            )  # fmt: skip
        try:
            yield tables
        except BaseException:
            with write_transaction(catalog.engine) as connection:
                # Whoever took over from us has dropped it already.
                if self._owns(connection) and not self._is_live(kind, tables.name):
                    catalog.drop(connection, tables.name)
            raise
        finally:
            mine = (rebuilds.c.owner == self._owner, rebuilds.c.kind == kind.name)
            with write_transaction(catalog.engine) as connection:
                connection.execute(delete(rebuilds).where(*mine))

    def _is_live(self, kind: Kind, name: str) -> bool:
        with read_transaction(self._catalog.engine) as connection:
            live_table = self._catalog.live_table(connection, kind.name)
        return live_table is not None and live_table.table_name == name

    def _beat(self, done: int, total: int, *, expected: int) -> None:
        rebuilds = self._catalog.control.rebuilds
        with write_transaction(self._catalog.engine) as connection:
            beat = update(rebuilds).where(rebuilds.c.owner == self._owner)
            moved = connection.execute(beat.values(beat=int(time.time()), done=done, total=total))
        if moved.rowcount != expected:
            raise AlreadyRunning(_TAKEN)

    def _owns(self, connection: Connection, expected: int = 1) -> bool:
        rebuilds = self._catalog.control.rebuilds
        mine = select(rebuilds.c.kind).where(rebuilds.c.owner == self._owner)
        return len(connection.execute(mine).all()) >= expected


def _free(kind: Kind, live_table: LiveTable | None, before: str | None) -> str:
    """A name for a table that neither serves, nor did so last, nor was being built ``before``."""
    name = f"{kind.name}_{kind.fingerprint}"
    taken = {before}
    generation = 0
    if live_table is not None:
        taken |= {live_table.table_name, live_table.previous}
        generation = live_table.generation
    others = (f"{name}_g{number}" for number in count(generation + 1))
    return next(one for one in chain([name], others) if one not in taken)


def is_silent(beat: int | None) -> bool:
    """Whether a builder has not been heard of for so long that it must be dead."""
    return beat is None or beat < time.time() - _SILENT_SECONDS_MAX
