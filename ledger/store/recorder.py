"""The recorder: append as one critical section with a locked head and gapless positions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from eventsourcing_sqlalchemy.recorders import SQLAlchemyApplicationRecorder
from sqlalchemy import (
    Connection,
    Engine,
    Table,
    func,
    select,
)
from sqlalchemy.orm import Session

from ledger.chain import link
from ledger.database import IMMEDIATE
from ledger.store import tables
from ledger.store.record import COLUMNS, LedgerNotification, LedgerStoredEvent
from ledger.store.statements import Wanted, statements

__all__ = ["Known", "LedgerRecorder", "Section"]

NOTHING = Wanted()


@dataclass(frozen=True, slots=True)
class Known:
    """A row that already has an event's identity."""

    position: int
    stream: str | None
    type: str
    state: bytes


@dataclass(slots=True)
class Section:
    """Inside an append: the head as it is locked, and what was known before."""

    session: Session
    position: int
    chain: bytes
    known: dict[str, Known] = field(default_factory=dict)
    versions: dict[UUID, int] = field(default_factory=dict)

    def learn(self, known: Iterable[Any], versions: Iterable[tuple[UUID, int]]) -> None:
        """Note rows as the database tells them."""
        for name, position, stream, type_, state in known:
            self.known[name] = Known(position, stream, type_, bytes(state))
        self.versions.update(versions)

    def look(self, wanted: Wanted) -> None:
        """Ask for more than was asked for at first."""
        with statements(self.session) as (ask, raw):
            self.learn(*ask.look(raw, wanted.identities, wanted.streams))


class LedgerRecorder(SQLAlchemyApplicationRecorder):
    """Writes rows with their columns; allocates positions in commit order, without gaps."""

    @property
    def table(self) -> Table:
        """The table ``ledger_events``."""
        table = self.events_record_cls.__table__
        assert isinstance(table, Table)
        return table

    @property
    def engine(self) -> Engine:
        """The engine of the log."""
        engine = self.datastore.engine
        assert isinstance(engine, Engine)
        return engine

    def create_table(self) -> None:
        """Make the tables, the head and the triggers where they are missing."""
        tables.create(self.engine, self.table)

    @contextmanager
    def critical_section(self, wanted: Wanted = NOTHING) -> Iterator[Section]:
        """A transaction that holds the head: nobody else appends until it ends."""
        with self.transaction(commit=True) as session:
            # The option counts only when the session gets its connection: so it comes first.
            session.connection(execution_options=IMMEDIATE)
            with statements(session) as (ask, raw):
                head, known, versions = ask.lock(raw, wanted.identities, wanted.streams)
            section = Section(session, *head)
            section.learn(known, versions)
            yield section

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        section: Section | None = None,
        **kwargs: Any,
    ) -> Sequence[int] | None:
        """Write rows at the next positions; returns them where the transaction is its own."""
        if section is not None:
            # The library would make notifications of the positions, which nobody asks for.
            self._insert(section, stored_events)
            return None
        with self.critical_section() as section:
            return self._insert(section, stored_events)

    def _insert(self, section: Section, stored_events: Sequence[StoredEvent]) -> list[int]:
        if not stored_events:
            return []
        position, chain = section.position, section.chain
        rows = []
        for stored in stored_events:
            position += 1
            columns = _columns(stored)
            chain = link(
                chain,
                position=position,
                event_id=columns["event_id"],
                received_at=columns["received_at"],
                state=stored.state,
            )
            rows.append(
                {
                    "id": position,
                    "originator_id": stored.originator_id,
                    "originator_version": stored.originator_version,
                    "topic": stored.topic,
                    "state": stored.state,
                    "chain": chain,
                    **columns,
                }
            )
        with statements(section.session) as (tell, raw):
            tell.write(raw, self.table, rows, (position, chain))
        return [row["id"] for row in rows]

    def max_notification_id(self) -> int | None:
        """The last position, or None in an empty log."""
        with self.transaction(commit=False) as session:
            return session.connection().execute(select(func.max(self.table.c.id))).scalar()

    def select_events(
        self,
        originator_id: UUID | str,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> list[StoredEvent]:
        """A stream's rows, with the columns of the log."""
        events = self.table.c
        query = select(self.table).where(events.originator_id == originator_id)
        if gt is not None:
            query = query.where(events.originator_version > gt)
        if lte is not None:
            query = query.where(events.originator_version <= lte)
        version = events.originator_version
        query = query.order_by(version.desc() if desc else version).limit(limit)
        with self.transaction(commit=False) as session:
            return [_stored_event(row) for row in _mappings(session.connection(), query)]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> list[Any]:
        """Rows by position, with the columns of the log."""
        events = self.table.c
        query = select(self.table).order_by(events.id).limit(limit)
        if start is not None:
            query = query.where(events.id >= start if inclusive_of_start else events.id > start)
        if stop is not None:
            query = query.where(events.id <= stop)
        if topics:
            query = query.where(events.topic.in_(topics))
        with self.transaction(commit=False) as session:
            return [_notification(row) for row in _mappings(session.connection(), query)]


def _columns(stored: StoredEvent) -> dict[str, Any]:
    if isinstance(stored, LedgerStoredEvent):
        return {name: getattr(stored, name) for name in COLUMNS}
    # A row of the library's own making: its place in its stream is all the identity it has.
    return {
        "event_id": f"{stored.originator_id}/{stored.originator_version}",
        "stream": None,
        "type": stored.topic,
        "account": None,
        "livemode": None,
        "api_version": None,
        "created": 0,
        "received_at": 0,
        "source": "library",
    }


def _mappings(connection: Connection, query: Any) -> list[Mapping[str, Any]]:
    return [
        {**row, "state": bytes(row["state"]), "chain": bytes(row["chain"])}
        for row in connection.execute(query).mappings()
    ]


_LIBRARY = ("originator_id", "originator_version", "topic", "state")


def _stored_event(row: Mapping[str, Any]) -> LedgerStoredEvent:
    return LedgerStoredEvent(**{name: row[name] for name in (*_LIBRARY, *COLUMNS)})


def _notification(row: Mapping[str, Any]) -> LedgerNotification:
    return LedgerNotification(**{name: row[name] for name in ("id", *_LIBRARY, *COLUMNS, "chain")})
