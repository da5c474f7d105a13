"""Scanning: many rows of the log at once, as the projections read them."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from sqlalchemy import ColumnElement, Connection, bindparam, select, text

from ledger.database import chunks
from ledger.recorded import COLUMNS, RecordedEvent, recorded_events

__all__ = [
    "TYPE_INDEX",
    "EventTypes",
    "count_by_type",
    "distinct",
    "fitting",
    "known",
    "positions_of",
    "rows_between",
]

T = TypeVar("T")

# Of types, then positions: what finds the events of rare types.
TYPE_INDEX = "ledger_events_type"

_QUERY = (
    f"SELECT {', '.join(COLUMNS)}, 0 FROM ledger_events{{index}}"
    " WHERE id > {mark} AND id <= {mark}{types} ORDER BY id"
)

# Databases limit how many parameters one statement has.
_IN_MAX = 500

# One look into the column's index per value, however many events have it.
_DISTINCT = """
    WITH RECURSIVE listed(value) AS (
        SELECT min(ledger_events.{column}) FROM ledger_events
        WHERE ledger_events.{column} IS NOT NULL
        UNION ALL
        SELECT (SELECT min(ledger_events.{column}) FROM ledger_events
                WHERE ledger_events.{column} IS NOT NULL
                  AND ledger_events.{column} > listed.value)
        FROM listed WHERE listed.value IS NOT NULL
    )
    SELECT value FROM listed WHERE value IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class EventTypes:
    """The event types to read, and whether they are rare: then they are read by their index."""

    names: tuple[str, ...]
    are_rare: bool


def rows_between(
    connection: Connection,
    decode: Callable[[bytes], bytes] | None,
    after: int,
    upto: int,
    types: EventTypes | None = None,
) -> list[RecordedEvent]:
    """The rows at the positions ``after`` < position <= ``upto``, in order; all, or of some types.

    A range of positions and not one long cursor: that would keep SQLite's WAL from being reset
    and PostgreSQL's vacuum from cleaning, and gapless positions make ranges consistent.
    """
    driver = connection.connection.driver_connection
    assert driver is not None
    if connection.dialect.name == "sqlite":
        names = () if types is None else types.names
        marks = f" AND type IN ({', '.join('?' * len(names))})" if types is not None else ""
        # Without statistics the planner would rather read all rows than those of many types.
        index = f" INDEXED BY {TYPE_INDEX}" if types is not None and types.are_rare else ""
        query = _QUERY.format(mark="?", types=marks, index=index)
        return recorded_events(driver.execute(query, (after, upto, *names)).fetchall(), decode)
    marks = " AND type = ANY(%s)" if types is not None else ""
    parameters = [after, upto] if types is None else [after, upto, list(types.names)]
    with driver.cursor(binary=True) as cursor:
        query = _QUERY.format(mark="%s", types=marks, index="")
        return recorded_events(cursor.execute(query, parameters).fetchall(), decode)


_COUNTS = text("SELECT type, count(*) FROM ledger_events WHERE id <= :upto GROUP BY type")
_POSITIONS = text(
    "SELECT id FROM ledger_events WHERE id > :after AND id <= :upto AND type IN :types ORDER BY id"
).bindparams(bindparam("types", expanding=True))
_SIZES = text(
    "SELECT id, length(state) FROM ledger_events WHERE id > :after AND id <= :upto ORDER BY id"
)


def count_by_type(connection: Connection, upto: int) -> dict[str, int]:
    """How many rows of each type there are up to a position; quarantined bodies, by reason."""
    return dict(connection.execute(_COUNTS, {"upto": upto}).tuples().all())


def positions_of(connection: Connection, after: int, upto: int, types: EventTypes) -> array[int]:
    """The positions of the rows of some types, in order: ten million take 80 MB."""
    between = {"after": after, "upto": upto, "types": types.names}
    rows = connection.execute(_POSITIONS, between, execution_options={"yield_per": 10_000})
    return array("q", rows.scalars())


def fitting(connection: Connection, after: int, upto: int, *, memory: int, beside: int) -> int:
    """The last position up to ``upto`` whose events fit into so many bytes; at least one does.

    An event takes thrice its body (as stored, as decoded and in its row) and ``beside`` bytes.
    """
    for position, size in connection.execute(_SIZES, {"after": after, "upto": upto}):
        memory -= 3 * size + beside
        if memory < 0:
            return max(after + 1, int(position) - 1)
    return upto


def known(connection: Connection, column: ColumnElement[T], values: Sequence[T]) -> set[T]:
    """Those of some values that a column of the log has."""
    result: set[T] = set()
    for chunk in chunks(values, _IN_MAX):
        query = select(column).where(column.in_(chunk)).distinct()
        result.update(connection.execute(query).scalars())
    return result


def distinct(connection: Connection, column: Literal["account", "type"]) -> list[str]:
    """The values of an indexed column, each once, in order."""
    return list(connection.execute(text(_DISTINCT.format(column=column))).scalars())
