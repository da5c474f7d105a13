"""Which event types can be about an object, as the log itself shows; noted as events are read.

A family is then rebuilt from the events of those types alone. An event whose type misnames its
object is read like any other, because the pair of both was noted when it came; one that is about no
object that can be read always is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from ledger import EventTypes, Log
from ledger.database import read_transaction, write_transaction
from projections.tables.belonging import START
from projections.tables.catalog import Catalog
from projections.tables.engine import lock_catalog
from projections.tables.schema import EVENT_TYPES
from projections.tables.writer import WRITERS

__all__ = ["Telling", "begin_noting", "note", "noted_upto", "telling_of"]

# Rarer than this, the events of some types are found by their index.
_RARE = 0.25


@dataclass(frozen=True, slots=True)
class Telling:
    """The event types that can be about some objects, up to a position; beyond it any can.

    ``count``: how many events are of these types.
    """

    types: EventTypes
    upto: int
    count: int

    def between(self, upto: int) -> EventTypes | None:
        """The types to read up to a position; None: all."""
        return self.types if upto <= self.upto else None


def note(catalog: Catalog, connection: Connection, types: Collection[tuple[str, str]]) -> None:
    """Note what a batch showed whose transaction moved the checkpoint of this, too."""
    writer = WRITERS[connection.dialect.name](connection)
    writer.upsert(catalog.control.event_types, sorted(types))


def begin_noting(catalog: Catalog) -> None:
    """Begin at the log's beginning, unless what was noted is of this log."""
    with write_transaction(catalog.engine) as connection:
        lock_catalog(connection)
        checkpoint = catalog.checkpoint(connection, EVENT_TYPES)
        if checkpoint is not None and catalog.belonging.holds(checkpoint):
            return
        checkpoints = catalog.control.checkpoints
        connection.execute(delete(catalog.control.event_types))
        connection.execute(delete(checkpoints).where(checkpoints.c.table_name == EVENT_TYPES))
        row = {"table_name": EVENT_TYPES, "kind": EVENT_TYPES, "fingerprint": ""}
        connection.execute(insert(checkpoints).values(**row, **START._asdict()))


def noted_upto(catalog: Catalog) -> int:
    """Up to which position event types have been noted."""
    with read_transaction(catalog.engine) as connection:
        checkpoint = catalog.checkpoint(connection, EVENT_TYPES)
    return 0 if checkpoint is None else checkpoint.position


def telling_of(catalog: Catalog, log: Log, objects: Collection[str]) -> Telling | None:
    """The types that can be about some objects; None where all may, or nothing is known of them."""
    table = catalog.control.event_types
    with read_transaction(catalog.engine) as connection:
        checkpoint = catalog.checkpoint(connection, EVENT_TYPES)
        if checkpoint is None or not catalog.belonging.holds(checkpoint):
            return None
        # An empty name: no object could be read, so it may be about any.
        query = select(table.c.type).where(table.c.object.in_([*objects, ""])).distinct()
        names = set(connection.execute(query).scalars())
    counts = log.count_by_type(checkpoint.position)
    count = sum(counts.get(name, 0) for name in names)
    types = EventTypes(tuple(sorted(names)), count < _RARE * checkpoint.position)
    return Telling(types, checkpoint.position, count) if counts.keys() - names else None
