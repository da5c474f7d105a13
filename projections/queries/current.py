"""Reading live rows: the pointer first, then that table by its columns, in one snapshot."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, Final, TypeVar

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    TableClause,
    and_,
    column,
    or_,
    select,
    table,
)
from sqlalchemy.exc import OperationalError, ProgrammingError

from ledger import StoreUnavailable, UnknownCursor
from ledger.database import COMPARE, read_transaction
from projections.errors import Ambiguous, NotFound, NotReady
from projections.objects.types import Type
from projections.rows.kind import Kind
from projections.tables.catalog import Catalog, LiveTable
from projections.tables.component import StoredComponent, as_row, content
from projections.tables.schema import sql_type

__all__ = ["ANY", "Account", "Answer", "Listed", "Live", "live", "retried", "within"]

T = TypeVar("T")


class AnyAccount(Enum):
    """No filter by account at all; no client can send it."""

    ACCOUNT = "any"


ANY: Final = AnyAccount.ACCOUNT
# None and "self" are the ledger's own.
Account = str | None | AnyAccount


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked for, and how far the projection had read."""

    row: Any
    position: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A stretch of a list, whether more follows, and how far the projection had read."""

    items: list[dict[str, Any]]
    has_more: bool
    position: int


@dataclass(frozen=True)
class Live:
    """A kind's live table in one snapshot."""

    kind: Kind
    connection: Connection
    live_table: LiveTable
    position: int
    catalog: Catalog = field(repr=False)

    @cached_property
    def types(self) -> Mapping[str, Type]:
        """The columns that both this code and the table have."""
        shared = self.live_table.columns
        return {c.name: c.type for c in self.kind.columns if c.name in shared}

    @cached_property
    def rows(self) -> TableClause:
        """The live table of rows."""
        columns = [column(name, sql_type(type)) for name, type in self.types.items()]
        return table(
            self.live_table.table_name,
            column("row_key", LargeBinary),
            *columns,
            schema=self.catalog.schema,
        )

    @cached_property
    def objects(self) -> TableClause:
        """The objects behind the rows, and those that one of them names."""
        return table(
            f"{self.live_table.table_name}_objects",
            *(column(name, sql_type(Type.CODE)) for name in ("id", "object", "account")),
            column("livemode", Boolean),
            column("cluster", sql_type(Type.INTEGER)),
            schema=self.catalog.schema,
        )

    @cached_property
    def clusters(self) -> TableClause:
        """What is kept of the objects that are linked."""
        return table(
            f"{self.live_table.table_name}_clusters",
            column("cluster", sql_type(Type.INTEGER)),
            column("content", LargeBinary),
            schema=self.catalog.schema,
        )

    def around(self, id: str) -> builtins.list[StoredComponent]:
        """What is kept around the objects that have an id, in any account and mode."""
        objects, clusters = self.objects.c, self.clusters.c
        query = select(clusters.content).where(
            clusters.cluster.in_(select(objects.cluster).where(objects.id == id))
        )
        return [content(bytes(kept)) for kept in self.connection.execute(query).scalars()]

    def shown(self, columns: Mapping[Any, Any]) -> dict[str, Any]:
        """A row as this code declares it; what the table lacks is null."""
        told = as_row(self.types, columns)
        return {item.name: told.get(item.name) for item in self.kind.columns}

    def one(self, id: str, account: Account, livemode: bool | None) -> tuple[bytes, dict[str, Any]]:
        """The row with an id, or with an object of that id; its key too.

        Raises ``NotFound``, and ``Ambiguous`` where several accounts or modes have the id.
        """
        rows = self.rows
        for condition in self._finding(id):
            query = within(select(rows).where(condition), rows, account, livemode).limit(2)
            found = self.connection.execute(query).mappings().all()
            if len(found) > 1:
                raise Ambiguous(
                    f"{id} exists in several accounts or modes; add account= and livemode="
                )
            if found:
                return bytes(found[0]["row_key"]), self.shown(found[0])
        raise NotFound(f"no {self.kind.object} has the id")

    def _finding(self, id: str) -> Iterator[ColumnElement[bool]]:
        """What finds a row by an id, one after the other, as long as none was found."""
        rows = self.rows.c
        yield rows.id == id
        if gathering := self._gathering(id):
            yield rows.row_key.in_(gathering)
        for name in self.kind.aliases.values():
            if name in self.types:
                yield rows[name] == id

    def _gathering(self, id: str) -> builtins.list[bytes]:
        """The rows that gather an object of the id."""
        if not self.kind.aliases:
            return []
        return [
            row.key
            for kept in self.around(id)
            for row in kept.rows
            if any(
                kept.states[index].id == id and kept.states[index].object in self.kind.aliases
                for index in row.own
            )
        ]

    def list(
        self,
        *,
        filters: Mapping[str, Any],
        created: Mapping[str, int],
        limit: int,
        starting_after: str | None,
        ending_before: str | None,
    ) -> Listed:
        """Rows newest first by (created, id)."""
        rows = self.rows
        account, livemode = filters.get("account", ANY), filters.get("livemode")
        query = within(select(rows), rows, account, livemode)
        for name, value in filters.items():
            if name in ("account", "livemode"):
                continue
            if name not in self.types:
                raise NotReady(f"{self.kind.name} cannot be filtered by {name} until rebuilt")
            query = query.where(rows.c[name] == value)
        for operator, value in created.items():
            query = query.where(COMPARE[operator](rows.c.created, value))
        backwards = ending_before is not None
        cursor = ending_before if backwards else starting_after
        if cursor is not None:
            query = query.where(self._beyond(cursor, account, livemode, backwards))
        order = [rows.c.created, rows.c.id, rows.c.row_key]
        ordered = query.order_by(*(order if backwards else [one.desc() for one in order]))
        found = self.connection.execute(ordered.limit(limit + 1)).mappings().all()
        items = [self.shown(row) for row in found[:limit]]
        return Listed(items[::-1] if backwards else items, len(found) > limit, self.position)

    def _beyond(
        self, cursor: str, account: Account, livemode: bool | None, backwards: bool
    ) -> ColumnElement[bool]:
        try:
            key, row = self.one(cursor, account, livemode)
        except NotFound:
            raise UnknownCursor(cursor) from None
        rows = self.rows
        created, id = row["created"], row["id"]
        if backwards:
            return or_(
                rows.c.created > created,
                and_(rows.c.created == created, rows.c.id > id),
                and_(rows.c.created == created, rows.c.id == id, rows.c.row_key > key),
            )
        return or_(
            rows.c.created < created,
            and_(rows.c.created == created, rows.c.id < id),
            and_(rows.c.created == created, rows.c.id == id, rows.c.row_key < key),
        )


def within(
    query: Select[Any], rows: TableClause, account: Account, livemode: bool | None
) -> Select[Any]:
    """Only rows of an account and mode, where they are given."""
    if account in (None, "self"):
        query = query.where(rows.c.account.is_(None))
    elif account is not ANY:
        query = query.where(rows.c.account == account)
    if livemode is not None:
        query = query.where(rows.c.livemode.is_(livemode))
    return query


@contextmanager
def live(catalog: Catalog, kind: Kind) -> Iterator[Live]:
    """A kind's live table; raises ``NotReady`` before there is one."""
    with read_transaction(catalog.engine) as connection:
        try:
            live_table = catalog.live_table(connection, kind.name)
        except (OperationalError, ProgrammingError) as error:
            raise _missing(kind, error) from error
        if live_table is None:
            raise _missing(kind, None)
        found = catalog.position(connection, live_table.table_name)
        if found is None:
            raise _missing(kind, None)
        yield Live(kind, connection, live_table, found[0], catalog)


def _missing(kind: Kind, error: Exception | None) -> StoreUnavailable | NotReady:
    if error is not None and "no such table" not in str(error) and "exist" not in str(error):
        return StoreUnavailable("the projections' database cannot be read")
    return NotReady(f"{kind.name} have no table yet; start `ledger serve` or `ledger follow`")


def retried(ask: Callable[[], T]) -> T:
    """Ask again once: a cutover may have dropped the table between pointer and rows."""
    try:
        return ask()
    except StoreUnavailable as unavailable:
        if not isinstance(unavailable.__cause__, ProgrammingError | OperationalError):
            raise
        return ask()
