"""Generations of what is derived beside the rows: which there are, and which one serves."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    LargeBinary,
    MetaData,
    Row,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    text,
    update,
)

from ledger import GENESIS, Log
from ledger.columns import INTEGER
from ledger.database import read_transaction, write_transaction
from ledger.making import making_tables, use_wal
from projections.tables.belonging import Belonging, Checkpoint
from projections.tables.engine import lock_catalog, schema_of
from projections.tables.rights import make_schema

__all__ = ["Generation", "GenerationCatalog", "GenerationTables", "Names"]


class GenerationTables(Protocol):
    """The tables of one generation under one name."""

    @property
    def name(self) -> str:
        """The name of the first of them, and what those of the others begin with."""

    def all(self) -> list[Table]:
        """All of them."""


T = TypeVar("T", bound=GenerationTables)


@dataclass(frozen=True, slots=True)
class Names:
    """The name of the table of generations, and what the names of their tables begin with."""

    catalog: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation's table, and how far it has read; of those that served, ``served`` is greatest
    for the one that does."""

    name: str
    fingerprint: str
    position: int
    chain: bytes
    served: int
    tables: tuple[str, ...]

    @property
    def number(self) -> int:
        """Which one of its declarations it is, from 1."""
        return int(self.name.rpartition("_")[2])

    @property
    def checkpoint(self) -> Checkpoint:
        """How far it has read, as other tables say it."""
        return Checkpoint(self.position, self.chain, 0)


class GenerationCatalog(Generic[T]):
    """Makes generations and moves them; ``make`` has the tables of a name and a schema.

    ``fingerprint`` is that of this version's declarations; ``log`` None: a check's temporary file,
    which fits any log.
    """

    def __init__(
        self,
        engine: Engine,
        names: Names,
        fingerprint: str,
        make: Callable[[str, str | None], T],
        log: Log | None,
    ) -> None:
        self.engine = engine
        self.fingerprint = fingerprint
        self.schema = schema_of(engine)
        self.belonging = Belonging(log)
        self._names = names
        self._make = make
        self._generations = _table(names.catalog, self.schema)
        self._tables: dict[str, T] = {}

    def scratch(self, engine: Engine) -> GenerationCatalog[T]:
        """The same in a check's temporary file."""
        return GenerationCatalog(engine, self._names, self.fingerprint, self._make, None)

    def create(self) -> None:
        """Make the table of generations."""
        use_wal(self.engine)
        with making_tables(self.engine) as connection:
            lock_catalog(connection)
            if self.schema is not None:
                make_schema(connection, [self._generations.name])
            self._generations.create(connection, checkfirst=True)

    def tables(self, name: str) -> T:
        """The tables of a generation."""
        if name not in self._tables:
            self._tables[name] = self._make(name, self.schema)
        return self._tables[name]

    def serving(self, connection: Connection) -> Generation | None:
        """The generation that serves, whatever version's it is."""
        table = self._generations
        query = select(table).where(table.c.served > 0).order_by(table.c.served.desc()).limit(1)
        row = connection.execute(query).first()
        return None if row is None else _generation(row)

    def own(self, connection: Connection) -> Generation | None:
        """This version's generation that belongs to the log: that which served last, else the
        newest."""
        fitting = [
            each
            for each in self.all(connection)
            if each.fingerprint == self.fingerprint and self.belonging.holds(each.checkpoint)
        ]
        return max(fitting, key=lambda each: (each.served, each.number), default=None)

    def again(self, connection: Connection, known: Generation) -> Generation | None:
        """A generation as it is at this moment; None where it was dropped."""
        query = select(self._generations).where(self._generations.c.table_name == known.name)
        row = connection.execute(query).first()
        return None if row is None else _generation(row)

    def shown(self, connection: Connection) -> Generation | None:
        """The generation to read: this version's once it served, before that whatever serves."""
        own = self.own(connection)
        return own if own is not None and own.served else self.serving(connection) or own

    def begin(self, *, anew: bool = False) -> Generation:
        """Make an empty generation of this version's declarations; unless ``anew``, where there is
        none."""
        with making_tables(self.engine) as connection:
            lock_catalog(connection)
            known = self.own(connection)
            if known is not None and not anew:
                # Another process was first.
                return known
            numbers = [
                each.number for each in self.all(connection) if each.fingerprint == self.fingerprint
            ]
            number = 1 + max(numbers, default=0)
            tables = self.tables(f"{self._names.prefix}_{self.fingerprint}_{number}")
            for table in tables.all():
                table.create(connection)
            names_of_tables = tuple(table.name for table in tables.all())
            begun = Generation(tables.name, self.fingerprint, 0, GENESIS, 0, names_of_tables)
            connection.execute(
                insert(self._generations).values(
                    table_name=begun.name,
                    fingerprint=begun.fingerprint,
                    position=begun.position,
                    chain=begun.chain,
                    served=begun.served,
                    tables=json.dumps(begun.tables),
                )
            )
        return begun

    def advance(
        self, connection: Connection, known: Generation, position: int, chain: bytes
    ) -> bool:
        """Compare-and-set a generation's position; False where somebody else moved it."""
        table = self._generations
        unmoved = (table.c.table_name == known.name, table.c.position == known.position)
        statement = update(table).where(*unmoved).values(position=position, chain=chain)
        return connection.execute(statement).rowcount == 1

    def serve(self, name: str) -> bool:
        """Let a generation serve once it knows no less than the one that does; False until then.

        That one stays beside it, for processes of another version; older ones go.
        """
        table = self._generations
        with write_transaction(self.engine) as connection:
            lock_catalog(connection)
            known = {each.name: each for each in self.all(connection)}
            before = max(known.values(), key=lambda each: each.served)
            # Versions beside each other do not alternate.
            if name not in known or known[name].served:
                return True
            is_behind = before.served and known[name].position < before.position
            if is_behind and self.belonging.holds(before.checkpoint):
                return False
            greatest = select(func.max(table.c.served)).scalar_subquery()
            connection.execute(
                update(table).where(table.c.table_name == name).values(served=greatest + 1)
            )
            for each in known.values():
                # One that never served may still be read on by somebody.
                is_left = each.fingerprint == before.fingerprint and each.number < before.number
                if (each.served or is_left) and each.name not in (name, before.name):
                    self._drop(connection, each)
        return True

    def position(self) -> int:
        """How far the generation of this version has read; 0 while there is none."""
        with read_transaction(self.engine) as connection:
            own = self.own(connection)
        return 0 if own is None else own.position

    def all(self, connection: Connection) -> list[Generation]:
        """Every generation there is, of any version."""
        return [_generation(row) for row in connection.execute(select(self._generations))]

    def _drop(self, connection: Connection, dropped: Generation) -> None:
        prefix = f"{self.schema}." if self.schema else ""
        for table in dropped.tables:
            connection.execute(text(f"DROP TABLE IF EXISTS {prefix}{table}"))
        connection.execute(
            delete(self._generations).where(self._generations.c.table_name == dropped.name)
        )


def _table(name: str, schema: str | None) -> Table:
    """All generations: of what declarations each is, how far it has read, and which one serves."""
    return Table(
        name,
        MetaData(schema=schema),
        Column("table_name", Text, primary_key=True),
        Column("fingerprint", Text, nullable=False),
        Column("position", INTEGER, nullable=False),
        # The log's chain value there: whether it belongs to the log.
        Column("chain", LargeBinary, nullable=False),
        # Counts up with each that begins to serve; 0 is one that never did.
        Column("served", INTEGER, nullable=False),
        # The names of its tables: another version may not know them.
        Column("tables", Text, nullable=False),
    )


def _generation(row: Row[Any]) -> Generation:
    tables = tuple(json.loads(row.tables))
    return Generation(
        row.table_name, row.fingerprint, row.position, bytes(row.chain), row.served, tables
    )
