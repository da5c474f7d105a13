"""Rolling back: the table that served before the last flip serves again."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from ledger import Log
from ledger.database import reading
from projections.declare import Kind
from projections.errors import AlreadyRunning, NothingToRollBack
from projections.pointer import Places, Pointer
from projections.rebuild import is_silent
from projections.tables import KindTables
from projections.takeover import take_over

__all__ = ["RolledBack", "rollback"]


@dataclass(frozen=True, slots=True)
class RolledBack:
    """Which table serves now, which did before, and how far the rows have been read."""

    kind: str
    table: str
    replaced: str
    position: int


def rollback(places: Places, log: Log, kind: Kind) -> RolledBack:
    """Catch up the table before and let it serve; raises ``NothingToRollBack``.

    Only the code that drew a table can bring it up to what was served since.
    """
    with reading(places.engine) as connection:
        pointer, tables = _before(places, connection, kind)

    def guard(connection: Connection) -> None:
        now, _ = _before(places, connection, kind)
        if now.generation != pointer.generation:
            raise AlreadyRunning(f"{kind.name} were flipped meanwhile: look at `ledger status`")

    take_over(places, log, [tables], guard=guard)
    with reading(places.engine) as connection:
        found = places.position(connection, tables.name)
    return RolledBack(kind.name, tables.name, pointer.table_name, found[0] if found else 0)


def _before(places: Places, connection: Connection, kind: Kind) -> tuple[Pointer, KindTables]:
    """The pointer and the table before, if it may serve again."""
    pointer = places.pointer(connection, kind.name)
    if pointer is None or pointer.previous is None:
        raise NothingToRollBack(
            f"there is nothing to roll {kind.name} back to: no table of theirs was ever replaced"
        )
    positions, rebuilds = places.control.positions, places.control.rebuilds
    drawn = select(positions.c.fingerprint).where(positions.c.table_name == pointer.previous)
    fingerprint = connection.execute(drawn).scalar()
    if fingerprint is None:
        raise NothingToRollBack(f"{pointer.previous}, which {kind.name} had before, is gone")
    if fingerprint != kind.fingerprint:
        raise NothingToRollBack(
            f"{pointer.previous} was drawn by another version of the ledger (this one draws"
            f" {kind.fingerprint}), which alone can catch it up: run that version's"
            f" `ledger rollback {kind.name}`"
        )
    row = connection.execute(select(rebuilds).where(rebuilds.c.kind == kind.name)).first()
    if row is not None and (row.state == "requested" or not is_silent(row.beat)):
        raise AlreadyRunning(f"{kind.name} are being rebuilt, which would replace them again: wait")
    return pointer, places.tables(kind, pointer.previous)
