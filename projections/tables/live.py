"""Reading a kind's live table: first the catalog, then the table's columns, in one snapshot."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy import (
    Boolean,
    Connection,
    LargeBinary,
    TableClause,
    column,
    inspect,
    select,
    table,
)
from sqlalchemy.exc import OperationalError, ProgrammingError

from ledger import StoreUnavailable
from ledger.database import chunks, read_transaction
from projections.errors import NotReady
from projections.objects.state import State
from projections.objects.types import Type
from projections.rows.change import StoredComponent, row_key, row_keys
from projections.rows.components import object_keys
from projections.rows.kind import Kind
from projections.rows.make import make_rows
from projections.tables.catalog import Catalog, LiveTable
from projections.tables.component import decode, shown_row
from projections.tables.schema import sql_type

__all__ = ["LiveRows", "all_live_rows", "live_rows", "of_another_log", "retried"]

T = TypeVar("T")

_IN_MAX = 500


@dataclass(frozen=True)
class LiveRows:
    """A kind's live table in one read transaction, and its checkpoint there."""

    kind: Kind
    connection: Connection
    live_table: LiveTable
    position: int
    catalog: Catalog = field(repr=False)

    @cached_property
    def types(self) -> Mapping[str, Type]:
        """The columns that both this code and the table have, but for those that are withheld."""
        columns = self.live_table.columns
        return {c.name: c.type for c in self.kind.columns if c.name in columns and not c.withheld}

    @cached_property
    def rows(self) -> TableClause:
        """The table of rows."""
        columns = [column(name, sql_type(type)) for name, type in self.types.items()]
        return table(
            self.live_table.table_name,
            column("row_key", LargeBinary),
            *columns,
            schema=self.catalog.schema,
        )

    @property
    def full_name(self) -> str:
        """The name of the table of rows, with its schema."""
        schema, name = self.catalog.schema, self.live_table.table_name
        return name if schema is None else f"{schema}.{name}"

    @cached_property
    def has_terms(self) -> bool:
        """Whether the table keeps what a search finds rows by; another version's may not."""
        if self.live_table.fingerprint == self.kind.fingerprint:
            return True
        name = f"{self.live_table.table_name}_terms"
        return inspect(self.connection).has_table(name, schema=self.catalog.schema)

    @cached_property
    def objects(self) -> TableClause:
        """The objects behind the rows, and those that they link to."""
        return table(
            f"{self.live_table.store}_objects",
            *(column(name, sql_type(Type.CODE)) for name in ("id", "object", "account")),
            column("livemode", Boolean),
            column("component", sql_type(Type.INTEGER)),
            schema=self.catalog.schema,
        )

    @cached_property
    def components(self) -> TableClause:
        """The stored components."""
        return table(
            f"{self.live_table.store}_components",
            column("component", sql_type(Type.INTEGER)),
            column("content", LargeBinary),
            schema=self.catalog.schema,
        )

    def members_of_id(self, id: str) -> Iterator[tuple[bytes, State]]:
        """The objects with an id that are members of rows, each with the key of its row."""
        for component in self.components_of_id(id):
            for projected in make_rows(self.kind, component.states):
                for member in projected.members:
                    if member.id == id:
                        yield row_key(self.kind, projected.key), member

    def keys_beside(self, id: str) -> set[bytes]:
        """The keys of all rows that may be linked to an object with an id."""
        objects, keys = self.kind.objects, set[bytes]()
        for component in self.components_of_id(id):
            keys |= row_keys(self.kind, object_keys(objects, component.states))
        return keys

    def components_of_id(self, id: str) -> list[StoredComponent]:
        """The components in which an object has an id, in any account and mode."""
        objects, components = self.objects.c, self.components.c
        query = select(components.content).where(
            components.component.in_(select(objects.component).where(objects.id == id))
        )
        return [decode(bytes(content)) for content in self.connection.execute(query).scalars()]

    def shown(self, columns: Mapping[Any, Any]) -> dict[str, Any]:
        """A row as this code declares it; columns that the table lacks are null."""
        row = shown_row(self.types, columns)
        for name, withheld in self._withheld_in_lists:
            # Another version's table may still have them.
            row[name] = row.get(name) and [{**each, **withheld} for each in row[name]]
        return {item.name: row.get(item.name) for item in self.kind.columns}

    def components_of_ids(self, ids: Collection[str]) -> dict[str, list[StoredComponent]]:
        """The same of many ids at once."""
        objects, components = self.objects.c, self.components.c
        by_id: dict[str, dict[int, StoredComponent]] = {}
        for chunk in chunks(sorted(ids), _IN_MAX):
            query = select(objects.id, components.component, components.content)
            query = query.where(objects.component == components.component, objects.id.in_(chunk))
            for id, number, content in self.connection.execute(query):
                by_id.setdefault(id, {})[number] = decode(bytes(content))
        return {id: list(its.values()) for id, its in by_id.items()}

    @cached_property
    def _withheld_in_lists(self) -> tuple[tuple[str, Mapping[str, None]], ...]:
        """The lists whose objects have fields that are withheld, and these."""
        if self.live_table.fingerprint == self.kind.fingerprint:
            return ()
        return tuple(
            (column.name, dict.fromkeys(names))
            for column in self.kind.columns
            if (names := [item.name for item in column.items or () if item.withheld])
        )


@contextmanager
def live_rows(catalog: Catalog, kind: Kind, *, of_any_log: bool = False) -> Iterator[LiveRows]:
    """A kind's live table; raises ``NotReady`` before there is one.

    So it does where the table was projected from another log, unless one ``of_any_log`` will do.
    """
    with read_transaction(catalog.engine) as connection:
        try:
            live_table = catalog.live_table(connection, kind.name)
        except (OperationalError, ProgrammingError) as error:
            raise _missing(kind, error) from error
        if live_table is None:
            raise _missing(kind, None)
        checkpoint = catalog.checkpoint(connection, live_table.table_name)
        if checkpoint is None:
            raise _missing(kind, None)
        if not of_any_log and not catalog.belonging.holds(checkpoint):
            raise NotReady(of_another_log(kind))
        yield LiveRows(kind, connection, live_table, checkpoint.position, catalog)


@contextmanager
def all_live_rows(catalog: Catalog, kinds: Iterable[Kind]) -> Iterator[list[LiveRows]]:
    """The live tables of some kinds in one snapshot; those that have none yet are left out."""
    with read_transaction(catalog.engine) as connection:
        live_tables = catalog.live_tables(connection)
        checkpoints = catalog.checkpoints(connection)
        lives = []
        for kind in kinds:
            live_table = live_tables.get(kind.name)
            if live_table is None:
                continue
            checkpoint = checkpoints[live_table.table_name]
            if not catalog.belonging.holds(checkpoint):
                raise NotReady(of_another_log(kind))
            lives.append(LiveRows(kind, connection, live_table, checkpoint.position, catalog))
        yield lives


def of_another_log(kind: Kind) -> str:
    """Why a table is not served that does not belong to the log."""
    return (
        f"{kind.name} were projected from another log than the one that is there (restored from a"
        " backup, or another file?); `ledger serve` and `ledger follow` rebuild them"
    )


def _missing(kind: Kind, error: Exception | None) -> StoreUnavailable | NotReady:
    if error is not None and "no such table" not in str(error) and "exist" not in str(error):
        return StoreUnavailable("the projections' database cannot be read")
    return NotReady(f"{kind.name} have no table yet; start `ledger serve` or `ledger follow`")


def retried(query: Callable[[], T]) -> T:
    """Query again once: a cutover may have dropped the table after it was looked up."""
    try:
        return query()
    except StoreUnavailable as unavailable:
        if not isinstance(unavailable.__cause__, ProgrammingError | OperationalError):
            raise
        return query()
