"""Which follower works: of all with the same declarations one leads, the others stand by.

That saves work and decides nothing: checkpoints move by compare-and-set, whoever follows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from time import monotonic

from sqlalchemy import delete, select, text, update

from ledger.database import read_transaction, write_transaction
from projections.rows.kind import Kind
from projections.tables import lease
from projections.tables.catalog import Catalog

__all__ = ["LeaderLease"]

_HEARTBEAT_SECONDS = 1.0


class LeaderLease:
    """One follower's claim to lead the followers of the same declarations."""

    def __init__(self, catalog: Catalog, kinds: Iterable[Kind], role: str = "") -> None:
        """``role`` is what there is another leader for; by default it is following."""
        self._catalog = catalog
        fingerprints = ",".join(sorted(kind.fingerprint for kind in kinds))
        # Another version has tables of its own to fill, and so a leader of its own.
        self._name = hashlib.sha256(f"{role}{fingerprints}".encode()).hexdigest()[:12]
        self._owner = lease.new_owner()
        self._renewed_at: float | None = None

    def is_held(self) -> bool:
        """Whether this follower leads; asks the database about once a second.

        Raises ``StoreUnavailable`` where it does not answer.
        """
        seconds = monotonic()
        if self._renewed_at is not None and seconds - self._renewed_at < _HEARTBEAT_SECONDS:
            return True
        self._renewed_at = seconds if self._acquire() else None
        return self._renewed_at is not None

    def release(self) -> None:
        """Let another follower lead at once."""
        leaders = self._catalog.control.leaders
        held = (leaders.c.name == self._name, leaders.c.owner == self._owner)
        with write_transaction(self._catalog.engine) as connection:
            connection.execute(delete(leaders).where(*held))

    def _acquire(self) -> bool:
        """Renew the lease, or take it where it has no holder or an expired one."""
        leaders = self._catalog.control.leaders
        query = select(leaders).where(leaders.c.name == self._name)
        with read_transaction(self._catalog.engine) as connection:
            row = connection.execute(query).first()
            if row is not None and row.owner != self._owner:
                expired = lease.is_expired(connection, row.heartbeat, lease.LEADER_SECONDS)
                if not expired and not lease.is_gone(row.owner):
                    return False
        with write_transaction(self._catalog.engine) as connection:
            values = {"owner": self._owner, "heartbeat": lease.database_seconds(connection)}
            if row is None:
                statement = (
                    f"INSERT INTO {leaders.fullname} VALUES (:name, :owner, :heartbeat)"
                    " ON CONFLICT DO NOTHING"
                )
                taken = connection.execute(text(statement), {"name": self._name, **values})
            else:
                unchanged = (
                    leaders.c.name == self._name,
                    leaders.c.owner == row.owner,
                    leaders.c.heartbeat == row.heartbeat,
                )
                taken = connection.execute(update(leaders).where(*unchanged).values(**values))
            return taken.rowcount == 1
