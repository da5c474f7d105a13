"""The check: rows projected anew from the log, compared with the live tables field by field."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, insert, make_url, select

from ledger import Log
from ledger.database import read_transaction, write_transaction
from projections.drivers.bulk import Progress
from projections.drivers.crew import Crew
from projections.drivers.draw import draw_since
from projections.drivers.executors import Workers
from projections.drivers.rebuild import draw_units
from projections.errors import NotReady
from projections.rows.family import Family
from projections.rows.kind import Kind
from projections.tables.catalog import Catalog
from projections.tables.component import shown_row
from projections.tables.engine import engine_at
from projections.tables.letters import refused_keys
from projections.tables.live import LiveRows, all_live_rows, live_rows
from projections.tables.schema import KindTables, Unit

__all__ = ["Difference", "checked_at", "compare", "record"]

_PAGE_ROWS = 1000
# How much of the whole the states are, for its bar; then come the rows.
_FILLED = 0.7

Row = dict[str, Any]
Keyed = Iterator[tuple[bytes, Row]]


@dataclass(frozen=True, slots=True)
class Difference:
    """A field in which the live row is not what the log says."""

    kind: str
    id: str
    field: str
    living: Any
    rebuilt: Any


def compare(
    catalog: Catalog,
    log: Log,
    kinds: Mapping[Family, Sequence[Kind]],
    progress: Progress | None = None,
    *,
    workers: Workers | None,
    memory_mb: int,
) -> Iterator[Difference]:
    """Every difference between live rows and the log projected anew, up to the rows' checkpoint.

    Projected into a file that is deleted afterwards: the live database is only read, and however
    large it is, one batch of the log and one page of rows are in memory at a time.
    """
    with _scratch(kinds) as (scratch, units):
        chosen = [kind for its in kinds.values() for kind in its]
        names = ", ".join(sorted(kind.name for kind in chosen))
        upto = min(_position(catalog, kind) for kind in chosen)

        def report(part: float) -> None:
            if progress is not None:
                progress(names, round(part * upto), upto)

        crew = Crew(scratch, log, units, workers=workers, events=upto)
        crew.fill(
            0, upto, memory_mb=memory_mb,
            report=lambda position: report(_FILLED * position / max(1, upto)),
        )  # fmt: skip
        draw_units(
            scratch, log, units, workers=workers,
            report=lambda part: report(_FILLED + (1 - _FILLED) * part),
        )  # fmt: skip
        for unit in units:
            tables = {each.kind.name: each for each in unit.rows}
            with all_live_rows(catalog, [each.kind for each in unit.rows]) as lives:
                # The scratch goes forwards only, and kinds of one family may have read unlike far.
                for live in sorted(lives, key=lambda live: live.position):
                    _catch_up(scratch, log, unit, live.position, memory_mb)
                    yield from _compared(scratch, tables[live.kind.name], live)


def _compared(scratch: Catalog, rebuilt: KindTables, live: LiveRows) -> Iterator[Difference]:
    with read_transaction(scratch.engine) as connection:
        # What a database refused is what it is: its dead letter says so.
        refused = _refused(live, scratch, connection, rebuilt.name)
        pages = _without(refused, _live_pages(live))
        rows = _without(refused, _rebuilt(connection, rebuilt))
        yield from _merged(rebuilt.kind, pages, rows)


@contextmanager
def _scratch(kinds: Mapping[Family, Sequence[Kind]]) -> Iterator[tuple[Catalog, list[Unit]]]:
    with tempfile.TemporaryDirectory(prefix="ledger-check-") as directory:
        catalog = Catalog(engine_at(make_url(f"sqlite:///{Path(directory) / 'check.db'}")))
        try:
            catalog.create({})
            units = []
            with write_transaction(catalog.engine) as connection:
                for family, chosen in kinds.items():
                    store = catalog.store(family, f"{family.name}_states")
                    catalog.make_store(connection, store)
                    tables = tuple(catalog.tables(kind, kind.name) for kind in chosen)
                    for each in tables:
                        catalog.make(connection, each, store, indexed=False)
                    units.append(Unit(store, tables))
            yield catalog, units
        finally:
            catalog.engine.dispose()


def record(catalog: Catalog, kinds: Iterable[Kind], counts: Mapping[str, int]) -> None:
    """Store for each kind when it was checked, and in how many fields it differed."""
    checks = catalog.control.checks
    # One moment for all, however long it takes to write it.
    moment = int(time.time())
    with write_transaction(catalog.engine) as connection:
        for kind in kinds:
            connection.execute(delete(checks).where(checks.c.kind == kind.name))
            row = {"checked_at": moment, "differences": counts.get(kind.name, 0)}
            connection.execute(insert(checks).values(kind=kind.name, **row))


def checked_at(catalog: Catalog) -> int | None:
    """When the rows were last checked, in Unix seconds; None: never."""
    with read_transaction(catalog.engine) as connection:
        oldest: int | None = connection.execute(
            select(func.min(catalog.control.checks.c.checked_at))
        ).scalar()
    return oldest


def _position(catalog: Catalog, kind: Kind) -> int:
    with live_rows(catalog, kind) as live:
        if live.live_table.fingerprint != kind.fingerprint:
            raise NotReady(
                f"{kind.name} are served by a table of another version, which alone can check it"
            )
        return live.position


def _catch_up(scratch: Catalog, log: Log, unit: Unit, upto: int, memory_mb: int) -> None:
    # The follower went on meanwhile; in this read transaction the live rows stand still.
    with read_transaction(scratch.engine) as connection:
        checkpoint = scratch.checkpoint(connection, unit.store.name)
    assert checkpoint is not None
    crew = Crew(scratch, log, [unit], workers=None, events=upto)
    crew.fill(checkpoint.position, upto, memory_mb=memory_mb, report=lambda _: None)
    draw_since(scratch, log, unit)


def _live_pages(live: LiveRows) -> Keyed:
    rows = live.rows
    query = select(rows).order_by(rows.c.row_key).limit(_PAGE_ROWS)
    last = b""
    while page := live.connection.execute(query.where(rows.c.row_key > last)).mappings().all():
        for row in page:
            yield bytes(row["row_key"]), live.shown(row)
        last = bytes(page[-1]["row_key"])


def _rebuilt(connection: Connection, tables: KindTables) -> Keyed:
    types = {column.name: column.type for column in tables.kind.columns}
    query = select(tables.rows).order_by(tables.rows.c.row_key)
    for row in connection.execute(query).mappings():
        yield bytes(row["row_key"]), shown_row(types, row)


def _refused(live: LiveRows, scratch: Catalog, connection: Connection, name: str) -> set[bytes]:
    """The keys of the rows that either database refused."""
    letters = live.catalog.control.dead_letters
    keys = refused_keys(live.connection, letters, live.live_table.table_name)
    return keys | refused_keys(connection, scratch.control.dead_letters, name)


def _without(keys: Set[bytes], rows: Keyed) -> Keyed:
    return (row for row in rows if row[0] not in keys)


def _merged(kind: Kind, living: Keyed, rebuilt: Keyed) -> Iterator[Difference]:
    """Walk both, which are in the order of their keys, side by side."""
    left, right = next(living, None), next(rebuilt, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left[0] < right[0]):
            assert left is not None
            yield from _differences(kind, left[1], {})
            left = next(living, None)
        elif left is None or right[0] < left[0]:
            yield from _differences(kind, {}, right[1])
            right = next(rebuilt, None)
        else:
            yield from _differences(kind, left[1], right[1])
            left, right = next(living, None), next(rebuilt, None)


def _differences(kind: Kind, living: Row, rebuilt: Row) -> Iterator[Difference]:
    id = (living or rebuilt)["id"]
    for column in kind.columns:
        left, right = living.get(column.name), rebuilt.get(column.name)
        if left != right:
            yield Difference(kind.name, id, column.name, left, right)
