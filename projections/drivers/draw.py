"""Drawing rows from stored states: of a whole store by ranges, or of what moved since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from sqlalchemy import Connection

from ledger import Log
from ledger.database import read_transaction
from projections.drivers.batch import draw_rows, write_batch
from projections.errors import AlreadyRunning
from projections.objects.decode import reader
from projections.rows.change import ComponentChange, StoredComponent
from projections.rows.components import object_keys
from projections.tables.belonging import START, Checkpoint
from projections.tables.catalog import Catalog
from projections.tables.component import draw
from projections.tables.engine import tune_for_bulk
from projections.tables.letters import having_letters
from projections.tables.narrow import mark_lost, write_rows_narrowed
from projections.tables.row_store import RowStore
from projections.tables.schema import Unit
from projections.tables.store import ComponentStore

__all__ = ["draw_range", "draw_since", "mark_drawn", "ranges_of", "redraw", "row_stores"]

# So many components are drawn in one transaction.
_RANGE = 2000
# The events between, of which only the objects' names are wanted.
_EVENTS = 2000


def row_stores(
    connection: Connection, catalog: Catalog, unit: Unit, has_letters: Mapping[str, bool]
) -> list[RowStore]:
    """The stores of a unit's rows that are named in ``has_letters``, in the order of names."""
    return [
        RowStore(connection, tables, catalog.control, has_letters=has_letters[tables.name])
        for tables in sorted(unit.rows, key=lambda tables: tables.name)
        if tables.name in has_letters
    ]


def ranges_of(catalog: Catalog, unit: Unit) -> Iterator[tuple[int, int]]:
    """The ranges of numbers that a store's components have now."""
    with read_transaction(catalog.engine) as connection:
        greatest = ComponentStore(connection, unit.store).greatest_number()
    for first in range(1, greatest + 1, _RANGE):
        yield first, min(first + _RANGE - 1, greatest)


def draw_range(catalog: Catalog, unit: Unit, first: int, last: int) -> None:
    """Draw all rows of a range of components into tables that do not serve.

    If that was done before, as by a worker that was taken for dead, it is done again. Whatever is
    written to the store meanwhile is drawn once more by ``draw_since``, so nobody waits for this.
    """
    with read_transaction(catalog.engine) as connection:
        stored = ComponentStore(connection, unit.store).components_between(first, last)
    changes = [
        ({state.object for state in each.states}, ComponentChange((), each.states))
        for each in stored.values()
    ]
    drawn = {
        tables.name: [
            draw(tables.kind, change)
            for objects, change in changes
            if not objects.isdisjoint(tables.kind.member_names)
        ]
        for tables in unit.rows
    }

    def write(connection: Connection, narrowed: bool) -> None:
        tune_for_bulk(connection)
        for tables in unit.rows:
            checkpoint = catalog.checkpoint(connection, tables.name)
            if checkpoint is None or checkpoint.position != START.position:
                raise AlreadyRunning("somebody else writes the tables of this rebuild")
        stores = row_stores(connection, catalog, unit, dict.fromkeys(unit.names, False))
        for each in stores:
            # Rows of it stand there where it was drawn before, or where components of ranges that
            # were drawn have become part of one in this.
            stand = each.stands({row[0] for part in drawn[each.tables.name] for row in part.rows})
            if narrowed:
                write_rows_narrowed(each, drawn[each.tables.name], anew=stand)
            else:
                each.write(drawn[each.tables.name], anew=stand)

    write_batch(catalog.engine, write)


def draw_since(catalog: Catalog, log: Log, unit: Unit) -> None:
    """Draw what changed in a store since its tables of rows were drawn; those then have read as
    much as the store has.

    In steps, each of so many events: nobody waits for a table that was left behind long ago.
    """
    while True:
        with read_transaction(catalog.engine) as connection:
            read = catalog.checkpoint(connection, unit.store.name)
            drawn = [catalog.checkpoint(connection, tables.name) for tables in unit.rows]
        positions = [each.position for each in drawn if each is not None]
        if read is None or not positions or min(positions) >= read.position:
            return
        upto = min(min(positions) + _EVENTS, read.position)
        write_batch(catalog.engine, partial(redraw, catalog, log, unit, upto=upto))


def redraw(
    catalog: Catalog,
    log: Log,
    unit: Unit,
    connection: Connection,
    narrowed: bool,
    *,
    upto: int | None = None,
) -> None:
    """Draw in the caller's transaction what events up to a position changed, or all of them.

    Rows are drawn from states that may be newer: then they are drawn once more.
    """
    read = catalog.checkpoint(connection, unit.store.name, lock=True)
    assert read is not None
    if upto is not None and upto < read.position:
        read = Checkpoint(upto, log.chain_at(upto), read.without_snapshot)
    for tables in unit.rows:
        drawn = catalog.checkpoint(connection, tables.name, lock=True)
        if drawn is None or drawn.position >= read.position:
            continue
        store = ComponentStore(connection, unit.store)
        has_letters = having_letters(connection, catalog.control.dead_letters, [tables.name])
        rows = row_stores(connection, catalog, unit, has_letters)
        numbers = _touched(log, store, drawn.position, read.position)
        for part in _parts(sorted(numbers)):
            stored = store.components(part)
            changes = [_change(unit, number, each) for number, each in sorted(stored.items())]
            draw_rows(store, rows, log, changes, upto=read.position, narrowed=narrowed)
        catalog.set_checkpoint(connection, tables.name, read)


def mark_drawn(catalog: Catalog, connection: Connection, unit: Unit, read: Checkpoint) -> None:
    """Say that all of a unit's rows were drawn when the store had read so far."""
    for tables in unit.rows:
        catalog.set_checkpoint(connection, tables.name, read)
        mark_lost(RowStore(connection, tables, catalog.control), unit.store.name)


def _touched(log: Log, store: ComponentStore, after: int, upto: int) -> set[int]:
    """The components of all objects that some events say something of."""
    read, numbers = reader(store.family.objects), set[int]()
    for start in range(after, upto, _EVENTS):
        events = log.scan(start, min(start + _EVENTS, upto))
        keys = {observation.key for event in events for observation in read(event)}
        numbers |= set(store.numbers(keys).values())
    return numbers


def _parts(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), _RANGE):
        yield numbers[start : start + _RANGE]


def _change(unit: Unit, number: int, stored: StoredComponent) -> ComponentChange:
    keys = object_keys(unit.family.objects, stored.states)
    return ComponentChange(keys, stored.states, (number,), (stored,))
