"""The tables of what cannot be derived from the log: subscribers, deliveries and attempts."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Double,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    select,
)

from ledger.columns import EXACT, INTEGER
from ledger.database import advisory_lock
from ledger.making import making_tables, use_wal

__all__ = ["ATTEMPTS", "DELIVERIES", "SENDERS", "SUBSCRIBERS", "create_tables", "lock_subscribers"]

# The advisory lock's number: any that nothing else in the database uses.
_CREATE_LOCK = 0x6E746679

_METADATA = MetaData()

# Each is an HTTP endpoint (``url``) or a Python handler (``handler``, the key in HANDLERS).
SUBSCRIBERS = Table(
    "ledger_subscribers",
    _METADATA,
    Column("id", EXACT, primary_key=True),
    Column("created_at", INTEGER, nullable=False),
    Column("name", Text),
    Column("url", Text),
    Column("handler", Text, unique=True),
    # A JSON list of patterns.
    Column("types", Text, nullable=False),
    Column("history", Boolean, nullable=False),
    Column("concurrency", Integer, nullable=False),
    # A JSON list of {"secret", "until"}, the newest first; `until` null: without end.
    Column("secrets", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    # The log position at which it began, and up to which its deliveries are filled.
    Column("begins_at", INTEGER, nullable=False),
    Column("cursor", INTEGER, nullable=False),
    # In the database's seconds: nothing is sent before; since when every attempt has failed.
    Column("resumes_at", Double, nullable=False),
    Column("failing_since", Double),
    # How many attempts ended in which way: to count them for each scrape would take too long.
    Column("delivered", INTEGER, nullable=False),
    Column("failed", INTEGER, nullable=False),
)

# What is to be handed to whom, and was. Of a subscriber's pending deliveries about one row only the
# first is tried. ``due_at`` is from when on, in the database's seconds: null while a sender has it,
# while it waits behind another of its row, and when it is finished.
DELIVERIES = Table(
    "ledger_deliveries",
    _METADATA,
    Column("subscriber", EXACT, primary_key=True),
    Column("notification", EXACT, primary_key=True),
    Column("type", Text, nullable=False),
    Column("position", INTEGER, nullable=False),
    Column("place", Integer, nullable=False),
    Column("row_key", LargeBinary, nullable=False),
    # As it is sent, byte for byte, on every attempt; null once it is delivered.
    Column("body", LargeBinary),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Double),
    # The sender that has it, and the number of its claim.
    Column("sender", Text),
    Column("claim", INTEGER),
    Column("filled_at", INTEGER, nullable=False),
    Column("finished_at", INTEGER),
    sqlite_with_rowid=False,
)
Index(
    "ledger_deliveries_due",
    DELIVERIES.c.subscriber,
    DELIVERIES.c.due_at,
    DELIVERIES.c.position,
    DELIVERIES.c.place,
    postgresql_where=DELIVERIES.c.due_at.is_not(None),
    sqlite_where=DELIVERIES.c.due_at.is_not(None),
)
Index(
    "ledger_deliveries_row",
    DELIVERIES.c.subscriber,
    DELIVERIES.c.row_key,
    DELIVERIES.c.state,
    DELIVERIES.c.position,
    DELIVERIES.c.place,
)
Index(
    "ledger_deliveries_state",
    DELIVERIES.c.subscriber,
    DELIVERIES.c.state,
    DELIVERIES.c.position,
    DELIVERIES.c.place,
)
Index("ledger_deliveries_notification", DELIVERIES.c.notification)
Index(
    "ledger_deliveries_sender",
    DELIVERIES.c.sender,
    postgresql_where=DELIVERIES.c.sender.is_not(None),
    sqlite_where=DELIVERIES.c.sender.is_not(None),
)

ATTEMPTS = Table(
    "ledger_attempts",
    _METADATA,
    Column("number", INTEGER, primary_key=True),
    Column("subscriber", EXACT, nullable=False),
    Column("notification", EXACT, nullable=False),
    # The k-th try, from 1.
    Column("attempt", Integer, nullable=False),
    Column("started_at", INTEGER, nullable=False),
    Column("milliseconds", INTEGER, nullable=False),
    Column("outcome", Text, nullable=False),
    # Of an HTTP answer: its status and how it begins.
    Column("status", Integer),
    Column("answer", Text),
    Column("error", Text),
)
Index("ledger_attempts_subscriber", ATTEMPTS.c.subscriber, ATTEMPTS.c.number)
Index("ledger_attempts_notification", ATTEMPTS.c.notification, ATTEMPTS.c.number)

# The processes that send, with their heartbeats in the database's seconds.
SENDERS = Table(
    "ledger_senders",
    _METADATA,
    Column("owner", EXACT, primary_key=True),
    Column("since", Double, nullable=False),
    Column("heartbeat", Double, nullable=False),
)


def create_tables(engine: Engine) -> None:
    """Make the tables that are missing, and SQLite's file; safe from many processes at once."""
    use_wal(engine)
    with making_tables(engine) as connection:
        advisory_lock(connection, _CREATE_LOCK)
        _METADATA.create_all(connection)


def lock_subscribers(connection: Connection, ids: Collection[str]) -> list[str]:
    """Lock subscribers in a write transaction, in the order of their ids; returns those there are.

    Whoever fills or finishes deliveries does so first: which of a row is the next is decided by
    one at a time. On SQLite the transaction is the only one that writes anyway.
    """
    query = select(SUBSCRIBERS.c.id).where(SUBSCRIBERS.c.id.in_(ids)).order_by(SUBSCRIBERS.c.id)
    return list(connection.execute(query.with_for_update()).scalars())
