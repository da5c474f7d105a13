"""What one row of the log is, as the library's records carry it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from eventsourcing.persistence import Notification, StoredEvent

# The bridge leaves its models untyped; this is the one place that takes them as they are.
from eventsourcing_sqlalchemy.models import StoredEventRecord  # type: ignore[attr-defined]
from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Text

__all__ = ["COLUMNS", "LedgerEventRecord", "LedgerNotification", "LedgerStoredEvent", "Recorded"]

_BigInteger = BigInteger().with_variant(Integer(), "sqlite")


class LedgerEventRecord(StoredEventRecord):
    """The library's columns and ours; ``id`` is the position, ``state`` the body as signed."""

    __abstract__ = True

    # No AUTOINCREMENT and no sequence: positions are allocated from the locked head.
    id = Column(_BigInteger, primary_key=True, autoincrement=False)
    event_id = Column(Text, nullable=False, unique=True)
    stream = Column(Text)
    type = Column(Text, nullable=False)
    account = Column(Text)
    livemode = Column(Boolean)
    api_version = Column(Text)
    created = Column(_BigInteger, nullable=False)
    received_at = Column(_BigInteger, nullable=False)
    source = Column(Text, nullable=False)
    chain = Column(LargeBinary, nullable=False)

    # The library reads only a class's own table arguments: left to inheritance, this index
    # would be lost without a word.
    __table_args__ = (
        Index("ledger_stream_version", "originator_id", "originator_version", unique=True),
    )


@dataclass(frozen=True)
class LedgerStoredEvent(StoredEvent):
    """A stored event with the columns of the log."""

    event_id: str
    stream: str | None
    type: str
    account: str | None
    livemode: bool | None
    api_version: str | None
    created: int
    received_at: int
    source: str


@dataclass(frozen=True)
class LedgerNotification(Notification):
    """A stored event at its position in the log."""

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


COLUMNS = tuple(
    name
    for name in LedgerStoredEvent.__dataclass_fields__
    if name not in StoredEvent.__dataclass_fields__
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The domain event of the log: something Stripe signed, at its place in its stream.

    ``columns`` are those of ``LedgerStoredEvent`` beyond the library's own.
    """

    originator_id: UUID
    originator_version: int
    topic: str
    body: bytes
    columns: dict[str, Any]
