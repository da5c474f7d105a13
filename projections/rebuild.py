"""Rebuilding: a new table fills beside the living one, catches up, and takes over."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from ledger import Log, StoreUnavailable
from projections.declare import Kind
from projections.engine import create_lock, writing
from projections.errors import AlreadyRunning
from projections.follow import advance
from projections.pointer import Places
from projections.tables import KindTables

__all__ = ["Rebuilder", "Rebuilt"]

_BATCH = 2000
# A builder that has not been heard of for so long is dead; its work is thrown away.
_SILENT_SECONDS_MAX = 60
_FLIP_TRIES = 40

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A kind that has a new table: how many events it read, and in how many seconds."""

    kind: str
    fingerprint: str
    events: int
    seconds: float


class Rebuilder:
    """Builds tables side by side, one builder per kind at a time."""

    def __init__(self, places: Places, log: Log) -> None:
        self._places = places
        self._log = log
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{time.monotonic_ns()}"

    def rebuild(self, kind: Kind, progress: Progress | None = None) -> Rebuilt:
        """Build a kind from the log and let it take over; raises ``AlreadyRunning``."""
        started = time.monotonic()
        with self._claimed(kind) as tables:
            total = self._log.head().position
            while True:
                position = self._position(tables)
                self._beat(kind, position, total := max(total, position))
                if progress is not None:
                    progress(kind.name, position, total)
                if not advance(self._places, self._log, [tables], batch=_BATCH):
                    break
            self._flip(tables)
        return Rebuilt(kind.name, kind.fingerprint, position, time.monotonic() - started)

    def request(self, kind: Kind) -> bool:
        """Ask whoever follows to rebuild a kind; False while a rebuild runs or is asked for."""
        rebuilds = self._places.control.rebuilds
        with writing(self._places.engine) as connection:
            create_lock(connection)
            row = connection.execute(select(rebuilds).where(rebuilds.c.kind == kind.name)).first()
            if row is not None and (row.state == "requested" or not _is_silent(row.beat)):
                return False
            connection.execute(delete(rebuilds).where(rebuilds.c.kind == kind.name))
            connection.execute(insert(rebuilds).values(kind=kind.name, state="requested"))
            return True

    def requested(self, connection: Connection) -> list[str]:
        """The kinds whose rebuild was asked for and not begun."""
        rebuilds = self._places.control.rebuilds
        query = select(rebuilds.c.kind).where(rebuilds.c.state == "requested")
        return list(connection.execute(query).scalars())

    @contextmanager
    def _claimed(self, kind: Kind) -> Iterator[KindTables]:
        places, rebuilds = self._places, self._places.control.rebuilds
        with writing(places.engine) as connection:
            create_lock(connection)
            row = connection.execute(select(rebuilds).where(rebuilds.c.kind == kind.name)).first()
            if row is not None and row.state == "running" and not _is_silent(row.beat):
                raise AlreadyRunning(f"a rebuild of {kind.name} runs already ({row.owner})")
            if row is not None:
                if row.table_name is not None and not self._is_live(kind, row.table_name):
                    places.drop(connection, row.table_name)
                connection.execute(delete(rebuilds).where(rebuilds.c.kind == kind.name))
            pointer = places.pointer(connection, kind.name)
            name = f"{kind.name}_{kind.fingerprint}"
            if pointer is not None and name in (pointer.table_name, pointer.previous):
                name = f"{name}_g{pointer.generation + 1}"
            tables = places.tables(kind, name)
            places.make(connection, tables)
            connection.execute(
                insert(rebuilds).values(
                    kind=kind.name, state="running", table_name=name, owner=self._owner,
                    beat=int(time.time()), done=0, total=0,
                )
            )  # fmt: skip
        try:
            yield tables
        except BaseException:
            with writing(places.engine) as connection:
                if not self._is_live(kind, tables.name):
                    places.drop(connection, tables.name)
            raise
        finally:
            with writing(places.engine) as connection:
                connection.execute(delete(rebuilds).where(rebuilds.c.owner == self._owner))

    def _is_live(self, kind: Kind, name: str) -> bool:
        with self._places.engine.connect() as connection:
            pointer = self._places.pointer(connection, kind.name)
        return pointer is not None and pointer.table_name == name

    def _position(self, tables: KindTables) -> int:
        with self._places.engine.connect() as connection:
            found = self._places.position(connection, tables.name)
        return found[0] if found is not None else 0

    def _beat(self, kind: Kind, done: int, total: int) -> None:
        rebuilds = self._places.control.rebuilds
        with writing(self._places.engine) as connection:
            beat = update(rebuilds).where(rebuilds.c.owner == self._owner)
            moved = connection.execute(beat.values(beat=int(time.time()), done=done, total=total))
        if moved.rowcount != 1:
            raise AlreadyRunning(f"another rebuild of {kind.name} took over from this one")

    def _flip(self, tables: KindTables) -> None:
        """Take over once no less is known than the living table knows."""
        for attempt in range(_FLIP_TRIES):
            while advance(self._places, self._log, [tables], batch=_BATCH):
                pass
            try:
                with writing(self._places.engine) as connection:
                    create_lock(connection)
                    self._places.flip(connection, tables)
                return
            except StoreUnavailable:
                # Somebody reads the view and holds its lock; the old table goes on meanwhile.
                if attempt == _FLIP_TRIES - 1:
                    raise
                time.sleep(min(0.05 * 2**attempt, 1.0))


def _is_silent(beat: int | None) -> bool:
    return beat is None or beat < time.time() - _SILENT_SECONDS_MAX
