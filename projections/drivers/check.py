"""The check: what the log says against what the living tables say, field by field."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, insert, make_url, select

from ledger import Log
from ledger.database import read_transaction, write_transaction
from projections.drivers.bulk import Progress
from projections.drivers.processes import fill_between
from projections.errors import NotReady
from projections.queries.current import Live, live
from projections.rows.kind import Kind
from projections.tables.catalog import Catalog
from projections.tables.component import as_row
from projections.tables.engine import engine_at
from projections.tables.schema import KindTables

__all__ = ["Difference", "checked_at", "compare", "record"]

_PAGE = 1000

Row = dict[str, Any]
Keyed = Iterator[tuple[bytes, Row]]


@dataclass(frozen=True, slots=True)
class Difference:
    """A field in which the living row is not what the log says."""

    kind: str
    id: str
    field: str
    living: Any
    rebuilt: Any


def compare(
    catalog: Catalog,
    log: Log,
    kinds: Sequence[Kind],
    progress: Progress | None = None,
    *,
    processes: int,
    memory_mb: int,
) -> Iterator[Difference]:
    """Every difference between living rows and the log folded anew, up to where they are.

    The rows are folded into a file of their own that is gone afterwards: the living database is
    only read, and whatever its size a batch of the log and a page of rows are held at a time.
    """
    with _scratch(kinds) as (scratch, tables):
        upto = min(_position(catalog, kind) for kind in kinds)

        def report(position: int) -> None:
            if progress is not None:
                progress(", ".join(kind.name for kind in kinds), position, upto)

        fill_between(
            scratch, log, tables, 0, upto,
            processes=processes, memory_mb=memory_mb, report=report,
        )  # fmt: skip
        for one in tables:
            with live(catalog, one.kind) as now, read_transaction(scratch.engine) as connection:
                _catch_up(scratch, log, one, now.position, memory_mb)
                living = _pages(now.connection, now)
                yield from _merged(one.kind, living, _folded(connection, one))


@contextmanager
def _scratch(kinds: Iterable[Kind]) -> Iterator[tuple[Catalog, list[KindTables]]]:
    with tempfile.TemporaryDirectory(prefix="ledger-check-") as directory:
        catalog = Catalog(engine_at(make_url(f"sqlite:///{Path(directory) / 'check.db'}")))
        try:
            catalog.create({})
            tables = [catalog.tables(kind, kind.name) for kind in kinds]
            with write_transaction(catalog.engine) as connection:
                for one in tables:
                    catalog.make(connection, one, indexed=False)
            yield catalog, tables
        finally:
            catalog.engine.dispose()


def record(catalog: Catalog, kinds: Iterable[Kind], counts: Mapping[str, int]) -> None:
    """Keep for each kind when it was checked, and in how many fields it differed."""
    checks = catalog.control.checks
    with write_transaction(catalog.engine) as connection:
        for kind in kinds:
            connection.execute(delete(checks).where(checks.c.kind == kind.name))
            row = {"checked_at": int(time.time()), "differences": counts.get(kind.name, 0)}
            connection.execute(insert(checks).values(kind=kind.name, **row))


def checked_at(catalog: Catalog) -> int | None:
    """When rows were last checked; None: never."""
    with read_transaction(catalog.engine) as connection:
        found: int | None = connection.execute(
            select(func.min(catalog.control.checks.c.checked_at))
        ).scalar()
    return found


def _position(catalog: Catalog, kind: Kind) -> int:
    with live(catalog, kind) as now:
        if now.live_table.fingerprint != kind.fingerprint:
            raise NotReady(
                f"{kind.name} are served by a table of another version, which alone can check it"
            )
        return now.position


def _catch_up(scratch: Catalog, log: Log, tables: KindTables, upto: int, memory_mb: int) -> None:
    # The living went on meanwhile; in its snapshot now it stands still.
    with read_transaction(scratch.engine) as connection:
        found = scratch.position(connection, tables.name)
    assert found is not None
    fill_between(
        scratch, log, [tables], found[0], upto,
        processes=1, memory_mb=memory_mb, report=lambda _: None,
    )  # fmt: skip


def _pages(connection: Connection, now: Live) -> Keyed:
    rows = now.rows
    query = select(rows).order_by(rows.c.row_key)
    last = b""
    while (
        page := connection.execute(query.where(rows.c.row_key > last).limit(_PAGE)).mappings().all()
    ):
        for row in page:
            yield bytes(row["row_key"]), now.shown(row)
        last = bytes(page[-1]["row_key"])


def _folded(connection: Connection, tables: KindTables) -> Keyed:
    types = {column.name: column.type for column in tables.kind.columns}
    query = select(tables.rows).order_by(tables.rows.c.row_key)
    for row in connection.execute(query).mappings():
        yield bytes(row["row_key"]), as_row(types, row)


def _merged(kind: Kind, living: Keyed, rebuilt: Keyed) -> Iterator[Difference]:
    """Walk both, which are in the order of their keys, side by side."""
    one, other = next(living, None), next(rebuilt, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one[0] < other[0]):
            assert one is not None
            yield from _differences(kind, one[1], {})
            one = next(living, None)
        elif one is None or other[0] < one[0]:
            yield from _differences(kind, {}, other[1])
            other = next(rebuilt, None)
        else:
            yield from _differences(kind, one[1], other[1])
            one, other = next(living, None), next(rebuilt, None)


def _differences(kind: Kind, living: Row, rebuilt: Row) -> Iterator[Difference]:
    id = (living or rebuilt)["id"]
    for column in kind.columns:
        one, other = living.get(column.name), rebuilt.get(column.name)
        if one != other:
            yield Difference(kind.name, id, column.name, one, other)
