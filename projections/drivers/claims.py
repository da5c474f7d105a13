"""Claims: who rebuilds which kind, asked for, running or left behind by a process that died."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, count

from sqlalchemy import Connection, delete, insert, select, update

from ledger.database import read_transaction, write_transaction
from projections.errors import AlreadyRunning
from projections.rows.kind import Kind
from projections.tables import lease
from projections.tables.catalog import Catalog, LiveTable
from projections.tables.engine import lock_catalog
from projections.tables.schema import KindTables

__all__ = ["TAKEN", "Claims"]

TAKEN = "another rebuild took over from this one, whose heartbeat had expired"


class Claims:
    """One owner's claims in the table of rebuilds."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._owner = lease.new_owner()

    def request(self, kind: Kind) -> bool:
        """Ask the follower to rebuild a kind; False while a rebuild runs or is asked for."""
        rebuilds = self._catalog.control.rebuilds
        with write_transaction(self._catalog.engine) as connection:
            lock_catalog(connection)
            row = connection.execute(select(rebuilds).where(rebuilds.c.kind == kind.name)).first()
            if row is not None and (
                row.state == "requested" or not _is_expired(connection, row.heartbeat)
            ):
                return False
            connection.execute(delete(rebuilds).where(rebuilds.c.kind == kind.name))
            # Only code of the same declaration may take it up: other code would cut over to its
            # own table.
            values = {"kind": kind.name, "state": "requested", "owner": kind.fingerprint}
            connection.execute(insert(rebuilds).values(**values))
            return True

    def due(self, connection: Connection, kinds: Mapping[str, Kind]) -> list[str]:
        """The kinds whose rebuild was asked for and not begun, or begun by a process that died."""
        rows = connection.execute(select(self._catalog.control.rebuilds)).all()
        return [
            row.kind
            for row in rows
            if (kind := kinds.get(row.kind)) is not None
            and (
                row.owner == kind.fingerprint
                if row.state == "requested"
                else kind.fingerprint in str(row.table_name)
                and _is_expired(connection, row.heartbeat)
            )
        ]

    @contextmanager
    def claim(self, kind: Kind) -> Iterator[KindTables]:
        """New, empty tables for a kind, ours until the block ends; raises ``AlreadyRunning``.

        Tables that did not become live by then because of an error are dropped.
        """
        catalog, rebuilds = self._catalog, self._catalog.control.rebuilds
        with write_transaction(catalog.engine) as connection:
            lock_catalog(connection)
            tables = self._begin(connection, kind)
        try:
            yield tables
        except BaseException:
            with write_transaction(catalog.engine) as connection:
                # Whoever took over from us has dropped them already.
                if self.are_held(connection) and not self._is_live(kind, tables.name):
                    catalog.drop(connection, tables.name)
            raise
        finally:
            claimed = (rebuilds.c.owner == self._owner, rebuilds.c.kind == kind.name)
            with write_transaction(catalog.engine) as connection:
                connection.execute(delete(rebuilds).where(*claimed))

    def heartbeat(self, done: int, total: int, *, expected: int) -> None:
        """Renew the claims with their progress; ``AlreadyRunning`` where one of them is lost."""
        rebuilds = self._catalog.control.rebuilds
        with write_transaction(self._catalog.engine) as connection:
            values = {
                "heartbeat": lease.database_seconds(connection),
                "done": done,
                "total": total,
            }
            claimed = update(rebuilds).where(rebuilds.c.owner == self._owner)
            renewed = connection.execute(claimed.values(**values))
        if renewed.rowcount != expected:
            raise AlreadyRunning(TAKEN)

    def are_held(self, connection: Connection, expected: int = 1) -> bool:
        """Whether so many claims are ours still."""
        rebuilds = self._catalog.control.rebuilds
        claimed = select(rebuilds.c.kind).where(rebuilds.c.owner == self._owner)
        return len(connection.execute(claimed).all()) >= expected

    def _begin(self, connection: Connection, kind: Kind) -> KindTables:
        catalog, rebuilds = self._catalog, self._catalog.control.rebuilds
        seconds = lease.database_seconds(connection)
        row = connection.execute(select(rebuilds).where(rebuilds.c.kind == kind.name)).first()
        if row is not None:
            if row.state == "running" and not _is_expired(connection, row.heartbeat):
                silent = max(0, round(seconds - row.heartbeat))
                raise AlreadyRunning(
                    f"a rebuild of {kind.name} runs already ({lease.in_words(row.owner)}, last"
                    f" heartbeat {silent} s ago; taken for dead after"
                    f" {lease.REBUILD_SECONDS:.0f} s)"
                )
            if row.table_name is not None and not self._is_live(kind, row.table_name):
                catalog.drop(connection, row.table_name)
            connection.execute(delete(rebuilds).where(rebuilds.c.kind == kind.name))
        live_table = catalog.live_table(connection, kind.name)
        # Should the process that built there before wake up, it must not find ours.
        name = _free_name(kind, live_table, None if row is None else row.table_name)
        tables = catalog.tables(kind, name)
        catalog.make(connection, tables, indexed=False)
        connection.execute(
            insert(rebuilds).values(
                kind=kind.name, state="running", table_name=name, owner=self._owner,
                started=seconds, heartbeat=seconds, done=0, total=0,
            )
        )  # fmt: skip
        return tables

    def _is_live(self, kind: Kind, name: str) -> bool:
        with read_transaction(self._catalog.engine) as connection:
            live_table = self._catalog.live_table(connection, kind.name)
        return live_table is not None and live_table.table_name == name


def _is_expired(connection: Connection, heartbeat: float | None) -> bool:
    return lease.is_expired(connection, heartbeat, lease.REBUILD_SECONDS)


def _free_name(kind: Kind, live_table: LiveTable | None, before: str | None) -> str:
    """A name for a table that is not live, was not so last, and was not being built ``before``."""
    name = f"{kind.name}_{kind.fingerprint}"
    used = {before}
    generation = 0
    if live_table is not None:
        used |= {live_table.table_name, live_table.previous}
        generation = live_table.generation
    others = (f"{name}_g{number}" for number in count(generation + 1))
    return next(each for each in chain([name], others) if each not in used)
