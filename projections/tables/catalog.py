"""The catalog: which table serves each kind, how far each has read, and the cutover of a view."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    Table,
    delete,
    exists,
    insert,
    inspect,
    select,
    text,
    update,
)

from ledger import Log
from ledger.making import making_tables, use_wal
from projections.errors import CutoverBlocked
from projections.objects.types import Type
from projections.rows.kind import Kind
from projections.tables.belonging import START, Belonging, Checkpoint
from projections.tables.blockers import dependents
from projections.tables.engine import lock_catalog, schema_of
from projections.tables.letters import is_lost
from projections.tables.rights import make_schema
from projections.tables.schema import SCHEMA, Control, KindTables, control

__all__ = ["Catalog", "LiveTable"]


@dataclass(frozen=True, slots=True)
class LiveTable:
    """The live table of a kind: its name, fingerprint and columns (name → type).

    ``generation`` counts cutovers, ``history`` are the fingerprints that were ever live,
    ``previous`` is the table that was live before.
    """

    kind: str
    table_name: str
    fingerprint: str
    columns: Mapping[str, Type]
    generation: int
    history: tuple[str, ...]
    previous: str | None


class Catalog:
    """Makes the tables of kinds, and keeps which of them are live and how far each has read."""

    def __init__(self, engine: Engine, log: Log | None = None) -> None:
        """``log`` is what the tables are projected from; None for a check's temporary file."""
        self.engine = engine
        self.belonging = Belonging(log)
        self.schema = schema_of(engine)
        self.control: Control = control(self.schema)

    def tables(self, kind: Kind, name: str) -> KindTables:
        """A kind's tables under a name."""
        return KindTables(kind, name, self.schema)

    def create(
        self, kinds: Mapping[str, Kind], alternatives: Mapping[str, Kind] | None = None
    ) -> None:
        """Make what is missing: the shared tables, and live tables for kinds that have none.

        ``alternatives`` are the same kinds under another setting. Where such a table serves, the
        setting was changed: then the kind becomes live by itself even if it was live before.
        """
        use_wal(self.engine)
        with making_tables(self.engine) as connection:
            lock_catalog(connection)
            if self.schema is not None:
                shared = [table.name for table in self.control.metadata.tables.values()]
                make_schema(connection, [*shared, *kinds])
            self._drop_outdated(connection, self.control.rebuilds, self.control.leaders)
            self.control.metadata.create_all(connection)
            self._add_columns(connection, self.control.checkpoints)
            for kind in kinds.values():
                live_table = self.live_table(connection, kind.name)
                other = (alternatives or {}).get(kind.name, kind)
                if live_table is not None and live_table.fingerprint == other.fingerprint:
                    self._forget(connection, live_table, kind.fingerprint)
                if live_table is None:
                    tables = self.tables(kind, f"{kind.name}_{kind.fingerprint}")
                    self.make(connection, tables)
                    self._set_view(connection, tables)
                    connection.execute(insert(self.control.live_tables).values(**_values(tables)))

    def _forget(self, connection: Connection, live_table: LiveTable, fingerprint: str) -> None:
        """Take a fingerprint for one that was never live, unless it is."""
        history = [each for each in live_table.history if each != fingerprint]
        if fingerprint != live_table.fingerprint and len(history) < len(live_table.history):
            table = self.control.live_tables
            of_kind = update(table).where(table.c.kind == live_table.kind)
            connection.execute(of_kind.values(history=json.dumps(history)))

    def _drop_outdated(self, connection: Connection, *tables: Table) -> None:
        """Drop shared tables of an older version that hold only work in progress."""
        inspector = inspect(connection)
        for table in tables:
            if inspector.has_table(table.name, schema=self.schema):
                columns = inspector.get_columns(table.name, schema=self.schema)
                if {column["name"] for column in columns} != set(table.c.keys()):
                    table.drop(connection)

    def _add_columns(self, connection: Connection, table: Table) -> None:
        """Add the columns that a shared table of an older version lacks; they may be null."""
        columns = inspect(connection).get_columns(table.name, schema=self.schema)
        known = {column["name"] for column in columns}
        for column in table.c:
            if column.name not in known:
                type = column.type.compile(connection.dialect)
                connection.execute(
                    text(f"ALTER TABLE {table.fullname} ADD COLUMN {column.name} {type}")
                )

    def live_table(self, connection: Connection, kind: str) -> LiveTable | None:
        """The live table of a kind, or None before there is one."""
        table = self.control.live_tables
        row = connection.execute(select(table).where(table.c.kind == kind)).first()
        return None if row is None else _live_table(row)

    def live_tables(self, connection: Connection) -> dict[str, LiveTable]:
        """The live tables of all kinds."""
        rows = connection.execute(select(self.control.live_tables)).all()
        return {row.kind: _live_table(row) for row in rows}

    def make(self, connection: Connection, tables: KindTables, *, indexed: bool = True) -> None:
        """Make a kind's tables anew, empty, at position 0."""
        self.drop(connection, tables.name)
        for table in tables.all():
            table.create(connection)
        for index in tables.indexes if indexed else ():
            index.create(connection)
        connection.execute(
            insert(self.control.checkpoints).values(
                table_name=tables.name,
                kind=tables.kind.name,
                fingerprint=tables.kind.fingerprint,
                **START._asdict(),
            )
        )

    def drop(self, connection: Connection, name: str) -> None:
        """Drop a kind's tables, with their checkpoint and dead letters."""
        prefix = f"{self.schema}." if self.schema else ""
        # Before they were called components, they were clusters.
        parts = ("_components", "_clusters", "_objects", "_terms", "")
        for table_name in (f"{name}{part}" for part in parts):
            connection.execute(text(f"DROP TABLE IF EXISTS {prefix}{table_name}"))
        for table in (self.control.checkpoints, self.control.dead_letters):
            connection.execute(delete(table).where(table.c.table_name == name))

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
        self,
        connection: Connection,
        names: Collection[str],
        *,
        old: int,
        read: Checkpoint,
    ) -> dict[str, bool]:
        """Compare-and-set the checkpoints of some tables; returns the tables that won.

        Each with whether it has lost rows (see ``projections.tables.letters``). ``old`` is the
        position before, ``read`` the new one with what was read on the way.
        """
        table, letters = self.control.checkpoints, self.control.dead_letters
        lost = exists().where(letters.c.table_name == table.c.table_name, is_lost(letters))
        statement = (
            update(table)
            .where(table.c.table_name.in_(names), table.c.position == old)
            .values(
                position=read.position,
                chain=read.chain,
                without_snapshot=table.c.without_snapshot + read.without_snapshot,
            )
            .returning(table.c.table_name, lost)
        )
        return {name: bool(has_lost) for name, has_lost in connection.execute(statement)}

    def cut_over(self, connection: Connection, tables: KindTables) -> None:
        """Make a table the live one of its kind; the one before stays until the next cutover."""
        before = self.live_table(connection, tables.kind.name)
        assert before is not None
        if self.schema is not None:
            connection.execute(text("SET LOCAL lock_timeout = '50ms'"))
        self._set_view(connection, tables)
        values = _values(tables)
        values["generation"] = before.generation + 1
        values["history"] = json.dumps(sorted({*before.history, tables.kind.fingerprint}))
        values["previous"] = before.table_name
        table = self.control.live_tables
        connection.execute(update(table).where(table.c.kind == tables.kind.name).values(**values))
        if before.previous not in (None, tables.name):
            self.drop(connection, str(before.previous))

    def _set_view(self, connection: Connection, tables: KindTables) -> None:
        view, prefix = tables.kind.name, f"{self.schema}." if self.schema else ""
        grants = self._drop_view(connection, view, prefix)
        columns = ", ".join(f'"{column.name}"' for column in tables.kind.columns)
        connection.execute(
            text(f"CREATE VIEW {prefix}{view} AS SELECT {columns} FROM {prefix}{tables.name}")
        )
        for grant in grants:
            connection.exec_driver_sql(grant)

    def _drop_view(self, connection: Connection, view: str, prefix: str) -> list[str]:
        """Drop the view; returns the statements that restore its grants."""
        if self.schema is None:
            connection.execute(text(f"DROP VIEW IF EXISTS {view}"))
            return []
        dependent = dependents(connection, view)
        if dependent:
            raise CutoverBlocked(
                f"{', '.join(dependent)} is built on {SCHEMA}.{view}: drop it, rebuild, and create"
                " it again"
            )
        grants = connection.execute(_GRANTS, {"view": f"{prefix}{view}"}).scalars().all()
        connection.execute(text(f"DROP VIEW IF EXISTS {prefix}{view}"))
        return list(grants)


def _checkpoint(row: Row[Any]) -> Checkpoint:
    chain = None if row.chain is None else bytes(row.chain)
    return Checkpoint(row.position, chain, row.without_snapshot)


def _live_table(row: Row[Any]) -> LiveTable:
    return LiveTable(
        kind=row.kind,
        table_name=row.table_name,
        fingerprint=row.fingerprint,
        columns={name: Type(type) for name, type in json.loads(row.columns).items()},
        generation=row.generation,
        history=tuple(json.loads(row.history)),
        previous=row.previous,
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


# All grants of others, also on columns; PostgreSQL writes them itself, quoted as they must be.
_GRANTS = text("""
    SELECT format(
        'GRANT %s%s ON %s TO %s%s', acl.privilege_type, acl.of_column,
        cast(acl.view AS regclass), coalesce(quote_ident(grantee.rolname), 'PUBLIC'),
        CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
    )
    FROM (
        SELECT view.oid AS view, view.relowner, '' AS of_column, (aclexplode(view.relacl)).*
        FROM pg_class view
        UNION ALL
        SELECT view.oid, view.relowner, format(' (%I)', part.attname), (aclexplode(part.attacl)).*
        FROM pg_class view JOIN pg_attribute part ON part.attrelid = view.oid
    ) acl
    LEFT JOIN pg_roles grantee ON grantee.oid = acl.grantee
    WHERE acl.view = to_regclass(:view) AND acl.grantee <> acl.relowner
""")
