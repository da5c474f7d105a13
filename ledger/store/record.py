"""A row of the log as the library's records carry it; its columns are ``RecordedEvent``'s."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, get_args, get_type_hints
from uuid import UUID

from eventsourcing.persistence import StoredEvent

# The bridge leaves its models untyped; this is the one place that takes them as they are.
from eventsourcing_sqlalchemy.models import StoredEventRecord  # type: ignore[attr-defined]
from sqlalchemy import Boolean, Column, Index, LargeBinary, Text
from sqlalchemy.types import TypeEngine

from ledger.columns import INTEGER
from ledger.recorded import COLUMNS, RecordedEvent

__all__ = ["LedgerEventRecord", "LedgerStoredEvent", "Recorded"]

_SQL_TYPES: dict[type, TypeEngine[Any]] = {
    str: Text(),
    int: INTEGER,
    bool: Boolean(),
    bytes: LargeBinary(),
}


class LedgerEventRecord(StoredEventRecord):
    """The library's columns and the log's; ``id`` is the position, ``state`` the body as signed."""

    __abstract__ = True

    # No AUTOINCREMENT and no sequence: positions are allocated from the locked head.
    id = Column(INTEGER, primary_key=True, autoincrement=False)
    event_id = Column(Text, nullable=False, unique=True)

    # The library reads only a class's own table arguments: left to inheritance, this index
    # would be lost silently.
    __table_args__ = (
        Index("ledger_stream_version", "originator_id", "originator_version", unique=True),
    )


def _add_columns() -> None:
    """Add a column for each field of ``RecordedEvent`` that has none, of the field's type."""
    types = get_type_hints(RecordedEvent)
    for name in COLUMNS:
        if not hasattr(LedgerEventRecord, name):
            type_, *optional = get_args(types[name]) or (types[name],)
            column: Column[Any] = Column(_SQL_TYPES[type_], nullable=bool(optional))
            setattr(LedgerEventRecord, name, column)


_add_columns()


@dataclass(frozen=True)
class LedgerStoredEvent(StoredEvent):
    """A stored event on its way into the log, with the columns of ``ENVELOPE``."""

    columns: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recorded:
    """The domain event of the log: a body that Stripe signed, at its version of its stream.

    ``columns`` are those of ``ENVELOPE``, where it is being written.
    """

    originator_id: UUID
    originator_version: int
    topic: str
    body: bytes
    columns: dict[str, Any] = field(default_factory=dict)
