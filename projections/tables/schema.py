"""The tables of the projections: per kind and family, named by fingerprint, and shared ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.types import TypeEngine

from ledger.columns import EXACT, INTEGER
from projections.objects.types import Type
from projections.rows.family import Family
from projections.rows.kind import Field, Kind

__all__ = [
    "EVENT_TYPES",
    "SCHEMA",
    "Control",
    "KindTables",
    "StoreTables",
    "Unit",
    "control",
    "sql_type",
]

# PostgreSQL's schema for projections; on SQLite they have a file of their own.
SCHEMA = "projections"
# The table of event types, and the name of its checkpoint.
EVENT_TYPES = "projection_event_types"

_TYPES: dict[Type, TypeEngine[Any]] = {
    Type.ID: EXACT,
    Type.CODE: EXACT,
    Type.TEXT: Text(),
    Type.INTEGER: INTEGER,
    Type.NUMBER: Double(),
    Type.TIME: INTEGER,
    Type.BOOLEAN: Boolean(),
    # ASCII JSON as text: JSONB would refuse \u0000 and reorder keys.
    Type.OBJECT: Text(),
    Type.LIST: Text(),
}


def sql_type(type: Type) -> TypeEngine[Any]:
    """The column type of a field."""
    return _TYPES[type]


@dataclass(frozen=True)
class Control:
    """The tables that all kinds share.

    ``live_tables``: which table serves a kind, with its columns. ``checkpoints``: how far each
    store has read, and each table of rows has been drawn, from which store.
    ``dead_letters``: events that could not be folded. ``rebuilds``: who rebuilds what. ``checks``:
    when rows were last compared with the log, with the result. ``leaders``: who follows for all
    processes of the same declarations. ``event_types``: which objects events of a type were about.
    """

    metadata: MetaData
    live_tables: Table
    checkpoints: Table
    dead_letters: Table
    rebuilds: Table
    checks: Table
    leaders: Table
    event_types: Table


def control(schema: str | None) -> Control:
    """The shared tables, in a schema or in none."""
    metadata = MetaData(schema=schema)
    live_tables = Table(
        "projection_pointers",
        metadata,
        Column("kind", Text, primary_key=True),
        Column("table_name", Text, nullable=False),
        Column("fingerprint", Text, nullable=False),
        Column("columns", Text, nullable=False),
        Column("generation", Integer, nullable=False),
        # Every fingerprint that was ever live: only a new one becomes live by itself.
        Column("history", Text, nullable=False),
        Column("previous", Text),
    )
    checkpoints = Table(
        "projection_positions",
        metadata,
        Column("table_name", Text, primary_key=True),
        Column("kind", Text, nullable=False),
        Column("fingerprint", Text, nullable=False),
        Column("position", INTEGER, nullable=False),
        # The log's chain value there: whether the table belongs to the log.
        Column("chain", LargeBinary),
        Column("without_snapshot", INTEGER, nullable=False),
        # Of a table of rows; a store has none.
        Column("store", Text),
    )
    dead_letters = Table(
        "dead_letters",
        metadata,
        Column("table_name", Text, primary_key=True),
        Column("row_key", LargeBinary, primary_key=True),
        Column("event", Text, primary_key=True),
        Column("kind", Text, nullable=False),
        Column("row_id", Text, nullable=False),
        Column("position", INTEGER, nullable=False),
        Column("error", Text, nullable=False),
        Column("account", Text),
        Column("livemode", Boolean, nullable=False),
    )
    rebuilds = Table(
        "projection_rebuilds",
        metadata,
        Column("kind", Text, primary_key=True),
        Column("state", Text, nullable=False),
        Column("table_name", Text),
        Column("owner", Text),
        Column("started", Double),
        Column("heartbeat", Double),
        Column("done", INTEGER),
        Column("total", INTEGER),
    )
    checks = Table(
        "projection_checks",
        metadata,
        Column("kind", Text, primary_key=True),
        Column("checked_at", INTEGER, nullable=False),
        Column("differences", INTEGER, nullable=False),
    )
    leaders = Table(
        "projection_leaders",
        metadata,
        Column("name", Text, primary_key=True),
        Column("owner", Text, nullable=False),
        Column("heartbeat", Double, nullable=False),
    )
    event_types = Table(
        EVENT_TYPES,
        metadata,
        Column("type", EXACT, primary_key=True),
        # Empty where no object could be read.
        Column("object", EXACT, primary_key=True),
    )
    return Control(
        metadata, live_tables, checkpoints, dead_letters, rebuilds, checks, leaders, event_types
    )


@dataclass(frozen=True)
class KindTables:
    """The tables of one kind under one name: rows, and what a search finds them by."""

    kind: Kind
    name: str
    schema: str | None

    @cached_property
    def metadata(self) -> MetaData:
        """Only this kind's tables."""
        return MetaData(schema=self.schema)

    @cached_property
    def rows(self) -> Table:
        """One row per object of the kind, in the columns of its declaration."""
        columns = [_column(column) for column in self.kind.columns]
        return Table(
            self.name, self.metadata, Column("row_key", LargeBinary, primary_key=True), *columns
        )

    @cached_property
    def indexes(self) -> tuple[Index, ...]:
        """What makes lists quick; cheapest to make once the rows are there."""
        rows = self.rows.c
        own, connected = rows.account.is_(None), rows.account.is_not(None)
        # PostgreSQL takes `IS NULL` for no order: the own account's rows have an index of theirs.
        return (
            self._index("created"),
            self._index("own", "created", only=own),
            self._index("account", only=connected),
            *(self._index(name) for name in ("id", *self.kind.filters) if name != "account"),
        )

    def _index(
        self, name: str, first: str | None = None, *, only: ColumnElement[bool] | None = None
    ) -> Index:
        """An index in the order of lists, that has what a list may be narrowed by beside it."""
        names = dict.fromkeys((first or name, "created", "id", "account", "livemode"))
        columns = [self.rows.c[each] for each in names]
        # The databases have a condition under different names.
        return Index(f"{self.name}_{name}", *columns, sqlite_where=only, postgresql_where=only)

    @cached_property
    def terms(self) -> Table:
        """What a search finds rows by: rows of one term stand together."""
        return Table(
            f"{self.name}_terms",
            self.metadata,
            Column("term", EXACT, primary_key=True),
            Column("created", INTEGER, primary_key=True, autoincrement=False),
            Column("row_key", LargeBinary, primary_key=True),
            sqlite_with_rowid=False,
        )

    def all(self) -> tuple[Table, ...]:
        """The two of them."""
        return (self.rows, self.terms)


@dataclass(frozen=True)
class StoreTables:
    """The tables of one family under one name: components, and the objects in them."""

    family: Family
    name: str
    schema: str | None

    @cached_property
    def metadata(self) -> MetaData:
        """Only this store's tables."""
        return MetaData(schema=self.schema)

    @cached_property
    def objects(self) -> Table:
        """Every object that was seen or linked to, and the component it is in."""
        return Table(
            f"{self.name}_objects",
            self.metadata,
            Column("id", EXACT, primary_key=True),
            Column("object", EXACT, primary_key=True),
            # Empty for the ledger's own: a key holds no null.
            Column("account", EXACT, primary_key=True),
            Column("livemode", Boolean, primary_key=True),
            Column("component", INTEGER, nullable=False),
            sqlite_with_rowid=False,
        )

    @cached_property
    def components(self) -> Table:
        """Linked objects in one piece: their states."""
        return Table(
            f"{self.name}_components",
            self.metadata,
            Column("component", INTEGER, primary_key=True, autoincrement=False),
            Column("content", LargeBinary, nullable=False),
        )

    def all(self) -> tuple[Table, ...]:
        """The two of them."""
        return (self.objects, self.components)


@dataclass(frozen=True)
class Unit:
    """A store and tables of rows that are drawn from it."""

    store: StoreTables
    rows: tuple[KindTables, ...]

    @property
    def family(self) -> Family:
        """Whose store it is."""
        return self.store.family

    @property
    def names(self) -> list[str]:
        """The names of all of them."""
        return [self.store.name, *(tables.name for tables in self.rows)]


def _column(column: Field) -> Column[Any]:
    return Column(column.name, sql_type(column.type), nullable=column.nullable)
