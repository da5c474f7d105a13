"""Claims: who rebuilds which kind, asked for, running or left behind by a process that died."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count

from sqlalchemy import Connection, delete, insert, select, update

from ledger.database import write_transaction
from projections.errors import AlreadyRunning
from projections.rows.family import Family
from projections.rows.kind import Kind
from projections.tables import lease
from projections.tables.catalog import Catalog
from projections.tables.engine import lock_catalog
from projections.tables.schema import KindTables, StoreTables, Unit

__all__ = ["TAKEN", "Claims", "Due"]

TAKEN = "another rebuild took over from this one, whose heartbeat had expired"


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be built: a family anew from the log, or some of its kinds' rows from a store.

    ``store`` is the name of that store; None: a new one is filled from the log.
    """

    family: Family
    kinds: tuple[Kind, ...]
    store: str | None = None


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

    def requested(self, connection: Connection, kinds: Mapping[str, Kind]) -> frozenset[str]:
        """The kinds whose rebuild was asked for and not begun."""
        rebuilds = self._catalog.control.rebuilds
        rows = connection.execute(select(rebuilds).where(rebuilds.c.state == "requested")).all()
        return frozenset(
            row.kind
            for row in rows
            if row.kind in kinds and row.owner == kinds[row.kind].fingerprint
        )

    def abandoned(self, connection: Connection, kinds: Mapping[str, Kind]) -> dict[str, str | None]:
        """The kinds whose rebuild was begun by a process that died, each with the store that its
        rows were to be drawn from."""
        rebuilds = self._catalog.control.rebuilds
        rows = connection.execute(select(rebuilds).where(rebuilds.c.state == "running")).all()
        return {
            row.kind: self._catalog.store_of(connection, row.table_name)
            for row in rows
            if row.kind in kinds
            and kinds[row.kind].fingerprint in str(row.table_name)
            and _is_expired(connection, row.heartbeat)
        }

    @contextmanager
    def claim(self, due: Due) -> Iterator[Unit]:
        """New, empty tables for what is due, ours until the block ends; ``AlreadyRunning``.

        Tables that did not become live by then because of an error are dropped.
        """
        catalog, rebuilds = self._catalog, self._catalog.control.rebuilds
        kinds = sorted(due.kinds, key=lambda kind: kind.name)
        with write_transaction(catalog.engine) as connection:
            lock_catalog(connection)
            before = {kind.name: self._take_over(connection, kind) for kind in kinds}
            store = self._store(connection, due)
            unit = Unit(
                store,
                tuple(self._begin(connection, kind, store, before[kind.name]) for kind in kinds),
            )
        try:
            yield unit
        except BaseException:
            with write_transaction(catalog.engine) as connection:
                for tables in unit.rows:
                    # Whoever took over from us has dropped it already.
                    is_ours = self._holds(connection, tables)
                    if is_ours and not self._is_live(connection, tables.kind, tables.name):
                        catalog.drop(connection, tables.name)
            raise
        finally:
            names = [kind.name for kind in kinds]
            claimed = (rebuilds.c.owner == self._owner, rebuilds.c.kind.in_(names))
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

    def _take_over(self, connection: Connection, kind: Kind) -> str | None:
        """Drop what a rebuild left whose process died; returns the name of the table it built."""
        catalog, rebuilds = self._catalog, self._catalog.control.rebuilds
        row = connection.execute(select(rebuilds).where(rebuilds.c.kind == kind.name)).first()
        if row is None:
            return None
        if row.state == "running" and not _is_expired(connection, row.heartbeat):
            silent = max(0, round(lease.database_seconds(connection) - row.heartbeat))
            raise AlreadyRunning(
                f"a rebuild of {kind.name} runs already ({lease.in_words(row.owner)}, last"
                f" heartbeat {silent} s ago; taken for dead after {lease.REBUILD_SECONDS:.0f} s)"
            )
        if row.table_name is not None and not self._is_live(connection, kind, row.table_name):
            catalog.drop(connection, row.table_name)
        connection.execute(delete(rebuilds).where(rebuilds.c.kind == kind.name))
        return None if row.table_name is None else str(row.table_name)

    def _store(self, connection: Connection, due: Due) -> StoreTables:
        """The store that rows are to be drawn from: the one that is named, or a new one."""
        catalog, family = self._catalog, due.family
        if due.store is not None:
            return catalog.store(family, due.store)
        used = catalog.checkpoints(connection).keys()
        name = _free_name(f"{family.name}_{family.fingerprint}", used)
        store = catalog.store(family, name)
        catalog.make_store(connection, store)
        return store

    def _begin(
        self, connection: Connection, kind: Kind, store: StoreTables, before: str | None
    ) -> KindTables:
        catalog, rebuilds = self._catalog, self._catalog.control.rebuilds
        seconds = lease.database_seconds(connection)
        # Should the process that built there before wake up, it must not find ours.
        used = {before, *catalog.checkpoints(connection)}
        tables = catalog.tables(kind, _free_name(f"{kind.name}_{kind.fingerprint}", used))
        catalog.make(connection, tables, store, indexed=False)
        connection.execute(
            insert(rebuilds).values(
                kind=kind.name, state="running", table_name=tables.name, owner=self._owner,
                started=seconds, heartbeat=seconds, done=0, total=0,
            )
        )  # fmt: skip
        return tables

    def _holds(self, connection: Connection, tables: KindTables) -> bool:
        rebuilds = self._catalog.control.rebuilds
        claim = (rebuilds.c.owner == self._owner, rebuilds.c.table_name == tables.name)
        return connection.execute(select(rebuilds.c.kind).where(*claim)).first() is not None

    def _is_live(self, connection: Connection, kind: Kind, name: str) -> bool:
        live_table = self._catalog.live_table(connection, kind.name)
        return live_table is not None and live_table.table_name == name


def _is_expired(connection: Connection, heartbeat: float | None) -> bool:
    return lease.is_expired(connection, heartbeat, lease.REBUILD_SECONDS)


def _free_name(name: str, used: Collection[str | None]) -> str:
    """A name that no table has: the plain one, or one with a number."""
    return next(each for each in chain([name], (f"{name}_g{number}" for number in count(2)))
                if each not in used)  # fmt: skip
