"""Rolling back: the table that served before the last cutover serves again."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from ledger import Log
from ledger.database import read_transaction
from projections.drivers.cutover import cut_over
from projections.errors import AlreadyRunning, NothingToRollBack
from projections.rows.family import Family
from projections.rows.kind import Kind
from projections.tables import lease
from projections.tables.catalog import Catalog, LiveTable
from projections.tables.schema import KindTables, Unit

__all__ = ["RolledBack", "rollback"]


@dataclass(frozen=True, slots=True)
class RolledBack:
    """Which table serves now, which did before, and how far its rows have read."""

    kind: str
    table: str
    replaced: str
    position: int


def rollback(catalog: Catalog, log: Log, family: Family, kind: Kind) -> RolledBack:
    """Catch up the previous table and cut over to it; raises ``NothingToRollBack``.

    Only the version that built a table can catch it up with what was served since.
    """
    with read_transaction(catalog.engine) as connection:
        live_table, tables = _previous(catalog, connection, kind)
        store = catalog.store_of(connection, tables.name)
    if store is None:
        raise NothingToRollBack(f"{tables.name}, which {kind.name} had before, has no states")
    unit = Unit(catalog.store(family, store), (tables,))

    def guard(connection: Connection) -> None:
        current, _ = _previous(catalog, connection, kind)
        if current.generation != live_table.generation:
            raise AlreadyRunning(
                f"{kind.name} were cut over to another table meanwhile: look at `ledger status`"
            )

    cut_over(catalog, log, [unit], guard=guard)
    with read_transaction(catalog.engine) as connection:
        checkpoint = catalog.checkpoint(connection, tables.name)
    position = checkpoint.position if checkpoint is not None else 0
    return RolledBack(kind.name, tables.name, live_table.table_name, position)


def _previous(catalog: Catalog, connection: Connection, kind: Kind) -> tuple[LiveTable, KindTables]:
    """The live table and the one before it, if that may serve again."""
    live_table = catalog.live_table(connection, kind.name)
    if live_table is None or live_table.previous is None:
        raise NothingToRollBack(
            f"there is nothing to roll {kind.name} back to: no table of theirs was ever replaced"
        )
    checkpoints, rebuilds = catalog.control.checkpoints, catalog.control.rebuilds
    built_by = select(checkpoints.c.fingerprint).where(
        checkpoints.c.table_name == live_table.previous
    )
    fingerprint = connection.execute(built_by).scalar()
    if fingerprint is None:
        raise NothingToRollBack(f"{live_table.previous}, which {kind.name} had before, is gone")
    checkpoint = catalog.checkpoint(connection, live_table.previous)
    if checkpoint is not None and not catalog.belonging.holds(checkpoint):
        raise NothingToRollBack(
            f"{live_table.previous}, which {kind.name} had before, was projected from another log"
        )
    if fingerprint != kind.fingerprint:
        raise NothingToRollBack(
            f"{live_table.previous} was built by another version of the ledger (this one builds"
            f" {kind.fingerprint}), which alone can catch it up: run that version's"
            f" `ledger rollback {kind.name}`"
        )
    row = connection.execute(select(rebuilds).where(rebuilds.c.kind == kind.name)).first()
    if row is not None and (
        row.state == "requested"
        or not lease.is_expired(connection, row.heartbeat, lease.REBUILD_SECONDS)
    ):
        raise AlreadyRunning(f"{kind.name} are being rebuilt, which would replace them again: wait")
    return live_table, catalog.tables(kind, live_table.previous)
