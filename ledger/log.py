"""The read side of the log: single events, lists of them, and the ranges that a fold reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, Select, Table, func, literal, select

from ledger import scan
from ledger.chain import GENESIS
from ledger.database import COMPARE, chunks, read_transaction
from ledger.errors import UnknownCursor
from ledger.identity import QUARANTINE_STREAM
from ledger.listing import EventFilter, Page, Window, positions
from ledger.planning import Leading
from ledger.recorded import COLUMNS, RecordedEvent, decoded, recorded_events
from ledger.scan import EventTypes

__all__ = ["Head", "Log"]

_SAMPLES = 200
# Databases limit how many parameters one statement has.
_IN_MAX = 500
# An export's batches.
_BATCH = 500
_BATCH_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log: its last position (0 when empty) and chain value."""

    position: int
    chain: bytes


class Log:
    """Reads ``ledger_events``; every method raises ``StoreUnavailable`` without a database."""

    def __init__(
        self,
        engine: Engine,
        events: Table,
        head: Select[tuple[int, bytes]],
        decode: Callable[[bytes], bytes] | None,
    ) -> None:
        """``head`` is the query for the head's position and chain value.

        ``decode`` turns stored bytes into bodies; None where they are stored verbatim.
        """
        self.engine = engine
        self.table = events
        self._head = head
        self._decode = decode
        # Built once: a follower reads earlier events many times a second.
        self._rows = select(*(events.c[name] for name in COLUMNS), literal(0))

    @property
    def is_verbatim(self) -> bool:
        """Whether bodies are stored as they were signed, without compressor and cipher."""
        return self._decode is None

    def head(self) -> Head:
        """The log's end."""
        with read_transaction(self.engine) as connection:
            row = connection.execute(self._head).first()
        return Head(row.position, bytes(row.chain)) if row else Head(0, GENESIS)

    def chain_at(self, position: int) -> bytes | None:
        """The chain value at a position; None where the log has no such position."""
        if position == 0:
            return GENESIS
        query = select(self.table.c.chain).where(self.table.c.id == position)
        with read_transaction(self.engine) as connection:
            chain = connection.execute(query).scalar()
        return None if chain is None else bytes(chain)

    def event(self, event_id: str) -> RecordedEvent | None:
        """The event with Stripe's id, body included; never a quarantined delivery."""
        event = self._first(self.table.c.event_id == event_id)
        return None if event is None or event.is_quarantined else event

    def quarantined(self, position: int) -> RecordedEvent | None:
        """The quarantined delivery at a position, body included; None where there is an event."""
        event = self._first(self.table.c.id == position)
        return event if event is not None and event.is_quarantined else None

    def events(
        self,
        *,
        event_id: str | None = None,
        type: str | None = None,
        object_id: str | None = None,
        account: str | Literal["self"] | None = None,
        livemode: bool | None = None,
        created: Mapping[str, int] | None = None,
        position_gt: int | None = None,
        limit: int = 10,
        starting_after: str | None = None,
        ending_before: str | None = None,
    ) -> Page[RecordedEvent]:
        """Events newest first, or upwards from ``position_gt``; raises ``UnknownCursor``.

        ``type`` may end in ``.*``; ``account`` ``self`` means the ledger's own.
        """
        after, before = self._cursor(starting_after), self._cursor(ending_before)
        upwards = position_gt is not None
        lower = [position_gt, after if upwards else before]
        upper = before if upwards else after
        window = Window(
            lower=max((bound for bound in lower if bound is not None), default=None),
            upper=upper,
            # Going back from `before`, the events next to it come first.
            ascending=upwards if before is None else not upwards,
            limit=limit + 1,
        )
        wanted = EventFilter(event_id, type, object_id, account, livemode, created or {})
        with read_transaction(self.engine) as connection:
            page = positions(connection, self.table, wanted, window)
            query = self._listing().where(self.table.c.id.in_(page[:limit]))
            events = recorded_events(connection.execute(query), self._decode)
        events.sort(key=lambda event: event.position, reverse=not upwards)
        return Page(events, has_more=len(page) > limit)

    def quarantine(
        self, *, limit: int, starting_after: int | None = None, ending_before: int | None = None
    ) -> Page[RecordedEvent]:
        """Quarantined deliveries, newest first.

        Cursors are positions; raises ``UnknownCursor`` where nothing quarantined has one.
        """
        for cursor in (starting_after, ending_before):
            if cursor is not None and self.quarantined(cursor) is None:
                raise UnknownCursor(f"qd_{cursor}")
        columns = self.table.c
        # The index of its stream has the versions, which are in order of position.
        stream, version = columns.originator_id, columns.originator_version
        query = self._listing().where(Leading(stream, QUARANTINE_STREAM))
        for cursor, compare in ((starting_after, COMPARE["lt"]), (ending_before, COMPARE["gt"])):
            if cursor is not None:
                of_cursor = select(version).where(columns.id == cursor).correlate(None)
                query = query.where(compare(version, of_cursor.scalar_subquery()))
        order = (stream, version) if ending_before is not None else (stream.desc(), version.desc())
        events = self._read(query.order_by(*order).limit(limit + 1))
        items = events[:limit]
        return Page(items if ending_before is None else items[::-1], has_more=len(events) > limit)

    def after(self, position: int, limit: int) -> list[RecordedEvent]:
        """The first rows after a position, in order, bodies included."""
        column = self.table.c.id
        query = self.select_rows().where(column > position).order_by(column).limit(limit)
        return self._read(query)

    def scan(self, after: int, upto: int, types: EventTypes | None = None) -> list[RecordedEvent]:
        """The rows after a position up to another, in order, bodies included, at the least cost.

        All of them, or those of some types.
        """
        with read_transaction(self.engine) as connection:
            return scan.rows_between(connection, self._decode, after, upto, types)

    def count_by_type(self, upto: int) -> dict[str, int]:
        """How many rows of each type there are up to a position."""
        with read_transaction(self.engine) as connection:
            return scan.count_by_type(connection, upto)

    def ranges(
        self, after: int, upto: int, types: EventTypes, size: int
    ) -> Iterator[tuple[int, int]]:
        """Ranges of positions that hold so many rows of some types each, the last one fewer."""
        with read_transaction(self.engine) as connection:
            positions = scan.positions_of(connection, after, upto, types)
        for last in positions[size - 1 :: size]:
            yield after, last
            after = last
        if after < upto:
            yield after, upto

    def fitting(self, after: int, upto: int, *, memory: int, beside: int) -> int:
        """The last position up to ``upto`` whose events fit into so many bytes; at least one does.

        An event takes thrice its body (as stored, as decoded and in its row) and ``beside`` bytes.
        """
        with read_transaction(self.engine) as connection:
            return scan.fitting(connection, after, upto, memory=memory, beside=beside)

    def end_of_batch(self, after: int, upto: int) -> int:
        """How far to read after a position so that few rows and bytes are in memory at once."""
        columns = self.table.c
        query = select(columns.id, func.length(columns.state)).where(
            columns.id > after, columns.id <= upto
        )
        with read_transaction(self.engine) as connection:
            rows = connection.execute(query.order_by(columns.id).limit(_BATCH)).all()
        size = 0
        for position, bytes_ in rows:
            size += bytes_
            if size >= _BATCH_BYTES:
                return int(position)
        return int(rows[-1][0]) if rows else upto

    def at_positions(self, positions: Collection[int]) -> list[RecordedEvent]:
        """The rows at some positions, in order, bodies included."""
        return self._read_by(self.table.c.id, sorted(positions), upto=None)

    def streams(self, originator_ids: Collection[UUID], *, upto: int) -> list[RecordedEvent]:
        """All rows of some streams up to a position, in order of position, bodies included."""
        return self._read_by(self.table.c.originator_id, sorted(originator_ids), upto=upto)

    def streams_named(self, id: str) -> set[UUID]:
        """The streams of the objects with an id, in every account and mode."""
        columns = self.table.c
        with read_transaction(self.engine) as connection:
            query = select(columns.originator_id).where(columns.stream == id).distinct()
            return set(connection.execute(query).scalars())

    def known(self, event_ids: Sequence[str]) -> set[str]:
        """Those of some ids that events of the log have."""
        with read_transaction(self.engine) as connection:
            return scan.known(connection, self.table.c.event_id, event_ids)

    def known_streams(self, originator_ids: Sequence[UUID]) -> set[UUID]:
        """Those of some streams that have events."""
        with read_transaction(self.engine) as connection:
            return scan.known(connection, self.table.c.originator_id, originator_ids)

    def accounts(self) -> list[str]:
        """The connected accounts that any event is of."""
        with read_transaction(self.engine) as connection:
            return scan.distinct(connection, "account")

    def received_since(self, received_at: int, *, upto: int) -> list[int]:
        """The positions up to ``upto`` that were received at a time or later, in order.

        An import keeps its times, so positions are not in their order: every row is looked at.
        """
        columns = self.table.c
        query = select(columns.id).where(columns.received_at >= received_at, columns.id <= upto)
        with read_transaction(self.engine) as connection:
            return list(connection.execute(query.order_by(columns.id)).scalars())

    def body_bytes(self) -> int:
        """The average length of a stored body in bytes, from samples all over the log."""
        columns, head = self.table.c, self.head().position
        samples = sorted({1 + number * head // _SAMPLES for number in range(_SAMPLES)})
        query = select(func.avg(func.length(columns.state))).where(columns.id.in_(samples))
        with read_transaction(self.engine) as connection:
            return int(connection.execute(query).scalar() or 0)

    def select_rows(self, *more: ColumnElement[Any]) -> Select[Any]:
        """A query for the fields of events, bodies as stored, and more columns after them."""
        return self._rows.add_columns(*more) if more else self._rows

    def decoded(self, event: RecordedEvent) -> RecordedEvent:
        """A row as ``select_rows`` gives it, with the body that was signed."""
        return event if self._decode is None else decoded(event, self._decode)

    def _listing(self) -> Select[Any]:
        columns = self.table.c
        without_body = (columns[name] for name in COLUMNS if name != "state")
        return select(*without_body, literal(b""), func.length(columns.state))

    def _read(self, query: Select[Any]) -> list[RecordedEvent]:
        with read_transaction(self.engine) as connection:
            return recorded_events(connection.execute(query), self._decode)

    def _read_by(
        self, column: ColumnElement[Any], values: list[Any], *, upto: int | None
    ) -> list[RecordedEvent]:
        """The rows with some values in a column, in order of position; one snapshot for all."""
        query = self.select_rows()
        if upto is not None:
            query = query.where(self.table.c.id <= upto)
        events: list[RecordedEvent] = []
        with read_transaction(self.engine) as connection:
            for chunk in chunks(values, _IN_MAX):
                rows = connection.execute(query.where(column.in_(chunk)))
                events += recorded_events(rows, self._decode)
        return sorted(events, key=lambda event: event.position)

    def _first(self, condition: ColumnElement[bool]) -> RecordedEvent | None:
        events = self._read(self.select_rows().where(condition))
        return events[0] if events else None

    def _cursor(self, event_id: str | None) -> int | None:
        if event_id is None:
            return None
        event = self.event(event_id)
        if event is None:
            raise UnknownCursor(event_id)
        return event.position
