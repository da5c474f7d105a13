"""Checkpoints: how far each store has read, and each table of rows has been drawn."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, exists, select, update

from projections.tables.belonging import Checkpoint
from projections.tables.schema import EVENT_TYPES, Control, Unit

__all__ = ["Checkpoints"]


class Checkpoints:
    """Reads and moves checkpoints; the catalog's part of it."""

    control: Control

    def checkpoints(self, connection: Connection) -> dict[str, Checkpoint]:
        """How far each table has read, live or not."""
        rows = connection.execute(select(self.control.checkpoints)).all()
        return {row.table_name: _checkpoint(row) for row in rows}

    def checkpoint(
        self, connection: Connection, name: str, *, lock: bool = False
    ) -> Checkpoint | None:
        """How far a table has read.

        With ``lock`` nobody else moves it until the transaction ends.
        """
        table = self.control.checkpoints
        query = select(table).where(table.c.table_name == name)
        row = connection.execute(query.with_for_update() if lock else query).first()
        return None if row is None else _checkpoint(row)

    def advance(
        self, connection: Connection, names: Collection[str], *, old: int, read: Checkpoint
    ) -> dict[str, bool]:
        """Compare-and-set the checkpoints of some tables; returns the tables that won.

        Each with whether it has dead letters. ``old`` is the position before, ``read`` the new one
        with what was read on the way.
        """
        table, letters = self.control.checkpoints, self.control.dead_letters
        has_letters = exists().where(letters.c.table_name == table.c.table_name)
        statement = (
            update(table)
            .where(table.c.table_name.in_(names), table.c.position == old)
            .values(
                position=read.position,
                chain=read.chain,
                without_snapshot=table.c.without_snapshot + read.without_snapshot,
            )
            .returning(table.c.table_name, has_letters)
        )
        return {name: bool(has_any) for name, has_any in connection.execute(statement)}

    def fingerprints(self, connection: Connection) -> dict[str, str]:
        """Of what declaration each table is, by its name."""
        table = self.control.checkpoints
        rows = connection.execute(select(table.c.table_name, table.c.fingerprint)).all()
        return {row.table_name: row.fingerprint for row in rows}

    def advance_units(
        self,
        connection: Connection,
        units: Collection[Unit],
        *,
        old: int,
        read: Checkpoint,
        with_rows: bool = True,
        with_types: bool = True,
    ) -> dict[str, bool]:
        """``advance`` stores, and then the rows of those that won.

        Rows by themselves must not: where somebody else moved their store, they are behind it.
        """
        names = {unit.store.name for unit in units} | ({EVENT_TYPES} if with_types else set())
        won = self.advance(connection, names, old=old, read=read)
        rows = {tables.name for unit in units if unit.store.name in won for tables in unit.rows}
        if with_rows and rows:
            won |= self.advance(connection, rows, old=old, read=read)
        return won

    def set_checkpoint(self, connection: Connection, name: str, read: Checkpoint) -> None:
        """Say how far a table of rows has been drawn."""
        table = self.control.checkpoints
        of_table = update(table).where(table.c.table_name == name)
        connection.execute(of_table.values(**read._asdict()))

    def store_of(self, connection: Connection, name: str) -> str | None:
        """The name of the store that a table of rows is drawn from."""
        table = self.control.checkpoints
        of_table = select(table.c.store).where(table.c.table_name == name)
        return connection.execute(of_table).scalar()


def _checkpoint(row: Row[Any]) -> Checkpoint:
    chain = None if row.chain is None else bytes(row.chain)
    return Checkpoint(row.position, chain, row.without_snapshot)
