"""The catalog: which table serves each kind, how far each has read, and the cutover of a view."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    Select,
    delete,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.schema import CreateTable

from ledger import Log
from ledger.making import making_tables, use_wal
from projections.objects.types import Type
from projections.rows.family import Family, families
from projections.rows.kind import Kind
from projections.tables.belonging import START, Belonging
from projections.tables.checkpoints import Checkpoints
from projections.tables.engine import lock_catalog, schema_of
from projections.tables.schema import (
    Control,
    KindTables,
    StoreTables,
    control,
)
from projections.tables.shared import make_shared
from projections.tables.views import set_view

__all__ = ["Catalog", "LiveTable"]


@dataclass(frozen=True, slots=True)
class LiveTable:
    """The live table of a kind: its name, fingerprint and columns (name → type).

    ``generation`` counts cutovers, ``history`` are the fingerprints that were ever live,
    ``previous`` is the table that was live before, ``store`` what it is drawn from.
    """

    kind: str
    table_name: str
    fingerprint: str
    columns: Mapping[str, Type]
    generation: int
    history: tuple[str, ...]
    previous: str | None
    store: str


class Catalog(Checkpoints):
    """Makes the tables of kinds, and keeps which of them are live and how far each has read."""

    def __init__(self, engine: Engine, log: Log | None = None) -> None:
        """``log`` is what the tables are projected from; None for a check's temporary file."""
        self.engine = engine
        self.belonging = Belonging(log)
        self.schema = schema_of(engine)
        self.control: Control = control(self.schema)
        # Describing a table takes longer than most queries of it.
        self._tables: dict[tuple[str, str], KindTables] = {}
        self._stores: dict[tuple[str, str], StoreTables] = {}

    def tables(self, kind: Kind, name: str) -> KindTables:
        """A kind's tables of rows under a name."""
        key = (kind.fingerprint, name)
        if key not in self._tables:
            self._tables[key] = KindTables(kind, name, self.schema)
        return self._tables[key]

    def store(self, family: Family, name: str) -> StoreTables:
        """A family's store under a name."""
        key = (family.fingerprint, name)
        if key not in self._stores:
            self._stores[key] = StoreTables(family, name, self.schema)
        return self._stores[key]

    def create(
        self, kinds: Mapping[str, Kind], alternatives: Mapping[str, Kind] | None = None
    ) -> None:
        """Make what is missing: the shared tables, and live tables for kinds that have none.

        Where others serve already, those of a new kind do not count as ever live: a rebuild fills
        them.

        ``alternatives`` are the same kinds under another setting. Where such a table serves, the
        setting was changed: then the kind becomes live by itself even if it was live before.
        """
        use_wal(self.engine)
        with making_tables(self.engine) as connection:
            lock_catalog(connection)
            make_shared(connection, self.control, kinds)
            live_tables = self.live_tables(connection)
            for name, live_table in live_tables.items():
                kind, other = kinds.get(name), (alternatives or {}).get(name)
                if kind and other and live_table.fingerprint == other.fingerprint:
                    self._forget(connection, live_table, kind.fingerprint)
            for family in families(kinds.values()):
                missing = [kind for kind in family.kinds if kind.name not in live_tables]
                if missing:
                    self._make_live(connection, family, missing, is_first=not live_tables)

    def _make_live(
        self, connection: Connection, family: Family, kinds: Iterable[Kind], *, is_first: bool
    ) -> None:
        store = self.store(family, f"{family.name}_{family.fingerprint}")
        if store.name not in self.checkpoints(connection):
            self.make_store(connection, store)
        for kind in kinds:
            tables = self.tables(kind, f"{kind.name}_{kind.fingerprint}")
            self.make(connection, tables, store)
            set_view(connection, tables)
            values = _values(tables)
            if not is_first:
                values["history"] = json.dumps([])
            connection.execute(insert(self.control.live_tables).values(**values))

    def _forget(self, connection: Connection, live_table: LiveTable, fingerprint: str) -> None:
        """Take a fingerprint for one that was never live, unless it is."""
        history = [each for each in live_table.history if each != fingerprint]
        if fingerprint != live_table.fingerprint and len(history) < len(live_table.history):
            table = self.control.live_tables
            of_kind = update(table).where(table.c.kind == live_table.kind)
            connection.execute(of_kind.values(history=json.dumps(history)))

    def live_table(self, connection: Connection, kind: str) -> LiveTable | None:
        """The live table of a kind, or None before there is one."""
        query = self._live_tables().where(self.control.live_tables.c.kind == kind)
        row = connection.execute(query).first()
        return None if row is None else _live_table(row)

    def live_tables(self, connection: Connection) -> dict[str, LiveTable]:
        """The live tables of all kinds."""
        rows = connection.execute(self._live_tables()).all()
        return {row.kind: _live_table(row) for row in rows}

    def _live_tables(self) -> Select[Any]:
        """The live tables, each with the store that its checkpoint names: an older version that
        rolled back knew nothing of stores."""
        table, checkpoints = self.control.live_tables, self.control.checkpoints
        return select(table, checkpoints.c.store).outerjoin(
            checkpoints, checkpoints.c.table_name == table.c.table_name
        )

    def make_store(self, connection: Connection, tables: StoreTables) -> None:
        """Make a family's store, empty, at position 0."""
        for table in tables.all():
            table.create(connection)
        family = tables.family
        self._begin(connection, tables.name, family.name, family.fingerprint, None)

    def make(
        self,
        connection: Connection,
        tables: KindTables,
        store: StoreTables,
        *,
        indexed: bool = True,
    ) -> None:
        """Make a kind's tables of rows, empty, at position 0, to be drawn from a store."""
        for table in tables.all():
            # Without the indexes that it is known to have.
            connection.execute(CreateTable(table))
        for index in tables.indexes if indexed else ():
            index.create(connection)
        kind = tables.kind
        self._begin(connection, tables.name, kind.name, kind.fingerprint, store.name)

    def _begin(
        self, connection: Connection, name: str, kind: str, fingerprint: str, store: str | None
    ) -> None:
        connection.execute(
            insert(self.control.checkpoints).values(
                table_name=name, kind=kind, fingerprint=fingerprint, store=store, **START._asdict()
            )
        )

    def drop(self, connection: Connection, name: str) -> None:
        """Drop a kind's tables of rows, with their checkpoint and dead letters.

        And the store that they were drawn from, if nothing else is.
        """
        checkpoints = self.control.checkpoints
        of_table = select(checkpoints.c.store).where(checkpoints.c.table_name == name)
        store = connection.execute(of_table).scalar()
        self._drop(connection, name)
        others = select(checkpoints.c.table_name).where(checkpoints.c.store == store)
        if store is not None and connection.execute(others.limit(1)).first() is None:
            self._drop(connection, store)

    def _drop(self, connection: Connection, name: str) -> None:
        prefix = f"{self.schema}." if self.schema else ""
        # Earlier versions' tables of rows had all that a store has.
        for part in ("_components", "_clusters", "_objects", "_terms", ""):
            connection.execute(text(f"DROP TABLE IF EXISTS {prefix}{name}{part}"))
        for table in (self.control.checkpoints, self.control.dead_letters):
            connection.execute(delete(table).where(table.c.table_name == name))

    def cut_over(self, connection: Connection, tables: KindTables) -> None:
        """Make a table the live one of its kind; the one before stays until the next cutover."""
        before = self.live_table(connection, tables.kind.name)
        assert before is not None
        if self.schema is not None:
            connection.execute(text("SET LOCAL lock_timeout = '50ms'"))
        set_view(connection, tables)
        values = _values(tables)
        values["generation"] = before.generation + 1
        values["history"] = json.dumps(sorted({*before.history, tables.kind.fingerprint}))
        values["previous"] = before.table_name
        table = self.control.live_tables
        connection.execute(update(table).where(table.c.kind == tables.kind.name).values(**values))
        if before.previous not in (None, tables.name):
            self.drop(connection, str(before.previous))


def _live_table(row: Row[Any]) -> LiveTable:
    return LiveTable(
        kind=row.kind,
        table_name=row.table_name,
        fingerprint=row.fingerprint,
        columns={name: Type(type) for name, type in json.loads(row.columns).items()},
        generation=row.generation,
        history=tuple(json.loads(row.history)),
        previous=row.previous,
        # Earlier versions' tables of rows were their own store.
        store=row.store or row.table_name,
    )


def _values(tables: KindTables) -> dict[str, object]:
    kind = tables.kind
    return {
        "kind": kind.name,
        "table_name": tables.name,
        "fingerprint": kind.fingerprint,
        "columns": json.dumps({column.name: column.type for column in kind.columns}),
        "generation": 1,
        "history": json.dumps([kind.fingerprint]),
        "previous": None,
    }
