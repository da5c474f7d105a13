"""The read side of the log: single entries, lists, and the stretches a fold reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, Select, Table, func, select

from ledger.database import COMPARE, chunks, read_transaction
from ledger.errors import UnknownCursor
from ledger.identity import QUARANTINE_STREAM
from ledger.scan import Line, scan

__all__ = ["Entry", "Head", "Log", "Page"]

T = TypeVar("T")

_SAMPLES = 200


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log ends: its last position (0 when empty) and chain value."""

    position: int
    chain: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the log; ``body`` is empty in lists, ``reason`` set on quarantined rows."""

    position: int
    event_id: str
    stream: str | None
    type: str
    account: str | None
    livemode: bool | None
    api_version: str | None
    created: int
    received_at: int
    source: str
    chain: bytes
    originator_id: UUID
    body: bytes
    size: int

    @property
    def is_quarantined(self) -> bool:
        """Whether the body is no event."""
        return self.originator_id == QUARANTINE_STREAM

    @property
    def reason(self) -> str | None:
        """Why it is no event, or None for an event."""
        return self.type.partition(".")[2] if self.is_quarantined else None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A stretch of a list, and whether more follows in its direction."""

    items: list[T]
    has_more: bool


class Log:
    """Reads ``ledger_events``; every method raises ``StoreUnavailable`` without a store."""

    def __init__(
        self, engine: Engine, events: Table, head: Table, body: Callable[[bytes], bytes] | None
    ) -> None:
        """``body`` makes bodies of what is stored; None: they are stored verbatim."""
        self.engine = engine
        self.table = events
        self._head = head
        self._body = body

    def head(self) -> Head:
        """The log's end."""
        with read_transaction(self.engine) as connection:
            row = connection.execute(select(self._head.c.position, self._head.c.chain)).first()
        return Head(row.position, bytes(row.chain)) if row else Head(0, bytes(32))

    def event(self, event_id: str) -> Entry | None:
        """The event with Stripe's id, body included; never a quarantined one."""
        entry = self._one(self.table.c.event_id == event_id)
        return None if entry is None or entry.is_quarantined else entry

    def quarantined(self, position: int) -> Entry | None:
        """The quarantined delivery at a position, body included."""
        entry = self._one(self.table.c.id == position)
        return entry if entry is not None and entry.is_quarantined else None

    def events(
        self,
        *,
        type: str | None = None,
        object_id: str | None = None,
        account: str | Literal["self"] | None = None,
        livemode: bool | None = None,
        created: Mapping[str, int] | None = None,
        position_gt: int | None = None,
        limit: int = 10,
        starting_after: str | None = None,
        ending_before: str | None = None,
    ) -> Page[Entry]:
        """Events newest first, or upwards from ``position_gt``; raises ``UnknownCursor``.

        ``type`` may end in ``.*``; ``account`` ``self`` means the ledger's own.
        """
        rows = self.table.c
        query = self._listing().where(rows.originator_id != QUARANTINE_STREAM)
        if type is not None:
            prefix, star, _ = type.partition(".*")
            query = query.where(
                rows.type.startswith(f"{prefix}.", autoescape=True) if star else rows.type == type
            )
        if object_id is not None:
            query = query.where(rows.stream == object_id)
        if account is not None:
            query = query.where(
                rows.account.is_(None) if account == "self" else rows.account == account
            )
        if livemode is not None:
            query = query.where(rows.livemode.is_(livemode))
        for operator, value in (created or {}).items():
            query = query.where(COMPARE[operator](rows.created, value))
        if position_gt is not None:
            query = query.where(rows.id > position_gt)
        return self._page(
            query,
            limit=limit,
            after=self._cursor(starting_after),
            before=self._cursor(ending_before),
            upwards=position_gt is not None,
        )

    def quarantine(
        self, *, limit: int, starting_after: int | None = None, ending_before: int | None = None
    ) -> Page[Entry]:
        """Quarantined deliveries, newest first; cursors are positions, ``UnknownCursor`` else."""
        for cursor in (starting_after, ending_before):
            if cursor is not None and self.quarantined(cursor) is None:
                raise UnknownCursor(f"qd_{cursor}")
        query = self._listing().where(self.table.c.originator_id == QUARANTINE_STREAM)
        return self._page(query, limit=limit, after=starting_after, before=ending_before)

    def after(self, position: int, limit: int) -> list[Entry]:
        """The rows behind a position, in order, bodies included."""
        rows = self.table.c
        query = select(self.table).where(rows.id > position).order_by(rows.id).limit(limit)
        with read_transaction(self.engine) as connection:
            return [self.entry(row) for row in connection.execute(query).mappings()]

    def scan(self, after: int, upto: int) -> list[Line]:
        """The lines behind a position up to another, in order, as a fold reads them."""
        with read_transaction(self.engine) as connection:
            return scan(connection, self._body, after, upto)

    def body_bytes(self) -> int:
        """How many bytes a stored body has on average, by a few from all over the log."""
        rows, head = self.table.c, self.head().position
        some = sorted({1 + number * head // _SAMPLES for number in range(_SAMPLES)})
        query = select(func.avg(func.length(rows.state))).where(rows.id.in_(some))
        with read_transaction(self.engine) as connection:
            return int(connection.execute(query).scalar() or 0)

    def lines(self, positions: Collection[int]) -> list[Line]:
        """The lines at some positions, in whatever order."""
        return [line for at in sorted(positions) for line in self.scan(at - 1, at)]

    def streams(self, originator_ids: Collection[UUID], *, upto: int) -> list[Entry]:
        """All rows of some streams up to a position, in order of position, bodies included."""
        rows = self.table.c
        entries: list[Entry] = []
        with read_transaction(self.engine) as connection:
            for some in chunks(sorted(originator_ids), 500):
                query = select(self.table).where(rows.originator_id.in_(some), rows.id <= upto)
                entries += [self.entry(row) for row in connection.execute(query).mappings()]
        return sorted(entries, key=lambda entry: entry.position)

    def streams_named(self, id: str) -> set[UUID]:
        """The streams of the objects with an id, in every account and mode."""
        rows = self.table.c
        with read_transaction(self.engine) as connection:
            query = select(rows.originator_id).where(rows.stream == id).distinct()
            return set(connection.execute(query).scalars())

    def received_since(self, received_at: int, *, upto: int) -> list[int]:
        """The positions of what was received from a time on, in order.

        An import keeps its times, so positions say nothing of them: every row is looked at.
        """
        rows = self.table.c
        query = select(rows.id).where(rows.received_at >= received_at, rows.id <= upto)
        with read_transaction(self.engine) as connection:
            return list(connection.execute(query.order_by(rows.id)).scalars())

    def _one(self, condition: ColumnElement[bool]) -> Entry | None:
        with read_transaction(self.engine) as connection:
            row = connection.execute(select(self.table).where(condition)).mappings().first()
        return None if row is None else self.entry(row)

    def _listing(self) -> Select[Any]:
        columns = [column for column in self.table.c if column.name != "state"]
        return select(*columns, func.length(self.table.c.state).label("size"))

    def _cursor(self, event_id: str | None) -> int | None:
        if event_id is None:
            return None
        entry = self.event(event_id)
        if entry is None:
            raise UnknownCursor(event_id)
        return entry.position

    def _page(
        self,
        query: Select[Any],
        *,
        limit: int,
        after: int | None,
        before: int | None,
        upwards: bool = False,
    ) -> Page[Entry]:
        position = self.table.c.id
        if after is not None:
            query = query.where(position > after if upwards else position < after)
        if before is not None:
            query = query.where(position < before if upwards else position > before)
        # Going back from `before`, the rows next to it come first and are turned round.
        ascending = upwards if before is None else not upwards
        query = query.order_by(position if ascending else position.desc()).limit(limit + 1)
        with read_transaction(self.engine) as connection:
            entries = [self.entry(row) for row in connection.execute(query).mappings()]
        items = entries[:limit]
        return Page(items if before is None else items[::-1], has_more=len(entries) > limit)

    def entry(self, row: Mapping[Any, Any]) -> Entry:
        """A row of the table as an entry."""
        body = bytes(row["state"]) if "state" in row else b""
        if body and self._body is not None:
            body = self._body(body)
        return Entry(
            position=row["id"],
            event_id=row["event_id"],
            stream=row["stream"],
            type=row["type"],
            account=row["account"],
            livemode=row["livemode"],
            api_version=row["api_version"],
            created=row["created"],
            received_at=row["received_at"],
            source=row["source"],
            chain=bytes(row["chain"]),
            originator_id=row["originator_id"],
            body=body,
            size=len(body) if body else row.get("size", 0),
        )
