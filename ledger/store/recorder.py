"""The recorder: append as one critical section with a locked head and gapless positions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from eventsourcing_sqlalchemy.recorders import SQLAlchemyApplicationRecorder
from sqlalchemy import Engine, Table
from sqlalchemy.orm import Session

from ledger.chain import link
from ledger.database import BEGINS_ITSELF, IMMEDIATE
from ledger.recorded import ENVELOPE
from ledger.store import tables
from ledger.store.existing import ExistingRow
from ledger.store.record import LedgerStoredEvent
from ledger.store.statements import Lookup, statements

__all__ = ["LedgerRecorder", "Section"]

NOTHING = Lookup()


@dataclass(slots=True)
class Section:
    """The inside of an append: the locked head, and the rows and versions looked up so far.

    ``existing`` are rows by identity; ``versions`` the last version of each stream.
    """

    session: Session
    position: int
    chain: bytes
    existing: dict[str, ExistingRow] = field(default_factory=dict)
    versions: dict[UUID, int] = field(default_factory=dict)

    def add(self, existing: Iterable[ExistingRow], versions: Iterable[tuple[UUID, int]]) -> None:
        """Add what a look-up returned."""
        self.existing.update((row.event_id, row) for row in existing)
        self.versions.update(versions)

    def look_up(self, lookup: Lookup) -> None:
        """Look up more than at first."""
        with statements(self.session) as (execute, raw):
            self.add(*execute.look_up(raw, lookup.identities, lookup.streams))


class LedgerRecorder(SQLAlchemyApplicationRecorder):
    """Writes rows with the log's columns; allocates positions in commit order, without gaps.

    Rows are read by the library's own methods, or by ``Log``.
    """

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
        """Create the tables, the head and the triggers where they are missing."""
        tables.create(self.engine, self.table)

    @contextmanager
    def critical_section(self, lookup: Lookup = NOTHING) -> Iterator[Section]:
        """A transaction that holds the head's lock: nobody else appends until it ends."""
        with self.transaction(commit=True) as session:
            # The option takes effect only when the session gets its connection: so it comes first.
            session.connection(execution_options=IMMEDIATE | BEGINS_ITSELF)
            with statements(session) as (execute, raw):
                pooling = session.connection().get_execution_options()["ledger_pooling"]
                head, existing, versions = execute.lock(
                    raw, lookup.identities, lookup.streams, pooling.prelude
                )
            section = Section(session, *head)
            section.add(existing, versions)
            yield section

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        section: Section | None = None,
        **kwargs: Any,
    ) -> Sequence[int] | None:
        """Write rows at the next positions.

        Returns the positions, or None within a ``section`` of the caller's.
        """
        if section is not None:
            # The library would make notifications of the positions, which nothing uses.
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
                source=columns["source"],
                type=columns["type"],
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
        with statements(section.session) as (execute, raw):
            execute.write(raw, self.table, rows, (position, chain))
        return [row["id"] for row in rows]


def _columns(stored: StoredEvent) -> dict[str, Any]:
    if isinstance(stored, LedgerStoredEvent):
        return stored.columns
    # A row of the library's own making: its version of its stream is all the identity it has.
    return {
        **dict.fromkeys(ENVELOPE),
        "event_id": f"{stored.originator_id}/{stored.originator_version}",
        "type": stored.topic,
        "created": 0,
        "received_at": 0,
        "source": "library",
    }
