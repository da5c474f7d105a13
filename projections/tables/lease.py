"""Leases: who holds a piece of work, kept alive by heartbeats and expired without them.

Heartbeats are written and compared in the database's own time: clocks of machines never meet.
"""

from __future__ import annotations

import os
import socket
import uuid

from sqlalchemy import Connection, text

from ledger.processes import ids_are_of, is_process_alive, started_at

__all__ = ["LEADER_SECONDS", "REBUILD_SECONDS", "database_seconds", "in_words", "is_expired",
           "is_gone", "new_owner"]  # fmt: skip

# Without a heartbeat for so long, a holder counts as dead.
LEADER_SECONDS = 3.0
REBUILD_SECONDS = 60.0

_SECONDS = {
    "sqlite": text("SELECT (julianday('now') - 2440587.5) * 86400.0"),
    "postgresql": text("SELECT cast(extract(epoch FROM clock_timestamp()) AS double precision)"),
}


def new_owner() -> str:
    """A name for a new holder in this process, unlike any other."""
    pid = os.getpid()
    parts = (socket.gethostname(), pid, started_at(pid), ids_are_of(), uuid.uuid4().hex[:12])
    return ":".join(map(str, parts))


def in_words(owner: str) -> str:
    """Which process a holder is, for people."""
    host, pid, *_ = owner.split(":")
    return f"process {pid} on {host}"


def database_seconds(connection: Connection) -> float:
    """The database's time, in Unix seconds."""
    return float(connection.execute(_SECONDS[connection.dialect.name]).scalar_one())


def is_expired(connection: Connection, heartbeat: float | None, seconds: float) -> bool:
    """Whether a heartbeat is older than so many seconds."""
    return heartbeat is None or heartbeat < database_seconds(connection) - seconds


def is_gone(owner: str) -> bool:
    """Whether a holder was a process that has ended, so that nobody need wait for it.

    That is known only of those whose ids mean here what they mean there: of others, and of names
    as earlier versions gave them, it is never said.
    """
    parts = owner.rsplit(":", 4)
    if len(parts) < 5:
        return False
    host, pid, started, ids, _ = parts
    if (host, ids) != (socket.gethostname(), ids_are_of()):
        return False
    return not is_process_alive(int(pid)) or started_at(int(pid)) not in ("", started)
