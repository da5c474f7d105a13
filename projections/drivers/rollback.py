"""Rolling back: the table that served before the last cutover serves again."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from ledger import Log
from ledger.database import read_transaction
from projections.drivers.cutover import cut_over
from projections.drivers.rebuild import is_silent
from projections.errors import AlreadyRunning, NothingToRollBack
from projections.rows.kind import Kind
from projections.tables.catalog import Catalog, LiveTable
from projections.tables.schema import KindTables

__all__ = ["RolledBack", "rollback"]


@dataclass(frozen=True, slots=True)
class RolledBack:
    """Which table serves now, which did before, and how far the rows have been read."""

    kind: str
    table: str
    replaced: str
    position: int


def rollback(catalog: Catalog, log: Log, kind: Kind) -> RolledBack:
    """Catch up the table before and let it serve; raises ``NothingToRollBack``.

    Only the code that drew a table can bring it up to what was served since.
    """
    with read_transaction(catalog.engine) as connection:
        live_table, tables = _before(catalog, connection, kind)

    def guard(connection: Connection) -> None:
        now, _ = _before(catalog, connection, kind)
        if now.generation != live_table.generation:
            raise AlreadyRunning(f"{kind.name} were flipped meanwhile: look at `ledger status`")

    cut_over(catalog, log, [tables], guard=guard)
    with read_transaction(catalog.engine) as connection:
        found = catalog.position(connection, tables.name)
    return RolledBack(kind.name, tables.name, live_table.table_name, found[0] if found else 0)


def _before(catalog: Catalog, connection: Connection, kind: Kind) -> tuple[LiveTable, KindTables]:
    """The pointer and the table before, if it may serve again."""
    live_table = catalog.live_table(connection, kind.name)
    if live_table is None or live_table.previous is None:
        raise NothingToRollBack(
            f"there is nothing to roll {kind.name} back to: no table of theirs was ever replaced"
        )
    positions, rebuilds = catalog.control.positions, catalog.control.rebuilds
    drawn = select(positions.c.fingerprint).where(positions.c.table_name == live_table.previous)
    fingerprint = connection.execute(drawn).scalar()
    if fingerprint is None:
        raise NothingToRollBack(f"{live_table.previous}, which {kind.name} had before, is gone")
    if fingerprint != kind.fingerprint:
        raise NothingToRollBack(
            f"{live_table.previous} was drawn by another version of the ledger (this one draws"
            f" {kind.fingerprint}), which alone can catch it up: run that version's"
            f" `ledger rollback {kind.name}`"
        )
    row = connection.execute(select(rebuilds).where(rebuilds.c.kind == kind.name)).first()
    if row is not None and (row.state == "requested" or not is_silent(row.beat)):
        raise AlreadyRunning(f"{kind.name} are being rebuilt, which would replace them again: wait")
    return live_table, catalog.tables(kind, live_table.previous)
