"""Leases: who holds a piece of work, kept alive by heartbeats and expired without them.

Heartbeats are written and compared in the database's own time: clocks of machines never meet.
"""

from __future__ import annotations

import os
import socket
import uuid

from sqlalchemy import Connection, text

from ledger.processes import is_process_alive

__all__ = ["LEADER_SECONDS", "REBUILD_SECONDS", "database_seconds", "is_expired", "is_gone",
           "new_owner"]  # fmt: skip

# Without a heartbeat for so long, a holder counts as dead.
LEADER_SECONDS = 3.0
REBUILD_SECONDS = 60.0

_SECONDS = {
    "sqlite": text("SELECT (julianday('now') - 2440587.5) * 86400.0"),
    "postgresql": text("SELECT cast(extract(epoch FROM clock_timestamp()) AS double precision)"),
}


def new_owner() -> str:
    """A name for a new holder in this process, unlike any other: ``host:pid:random``."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"


def database_seconds(connection: Connection) -> float:
    """The database's time, in Unix seconds."""
    return float(connection.execute(_SECONDS[connection.dialect.name]).scalar_one())


def is_expired(connection: Connection, heartbeat: float | None, seconds: float) -> bool:
    """Whether a heartbeat is older than so many seconds."""
    return heartbeat is None or heartbeat < database_seconds(connection) - seconds


def is_gone(owner: str) -> bool:
    """Whether a holder was a process of this machine that has ended: nobody need wait for it."""
    host, pid, _ = owner.rsplit(":", 2)
    return host == socket.gethostname() and not is_process_alive(int(pid))
