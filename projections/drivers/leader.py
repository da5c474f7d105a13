"""Who follows: of all followers of the same declarations one leads, and the others stand by.

That saves work and decides nothing: positions move by compare-and-set whoever follows. The lead
is kept by a counter that goes on; no clock of one machine is compared with another's.
"""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import uuid
from collections.abc import Iterable
from time import monotonic

from sqlalchemy import delete, select, text, update

from ledger.database import read_transaction, write_transaction
from projections.rows.kind import Kind
from projections.tables.catalog import Catalog

__all__ = ["Lead"]

_BEAT_SECONDS = 1.0
# A leader whose counter has stood still for so long is dead, or as good as that.
_SILENT_SECONDS = 3.0


class Lead:
    """One follower's claim to lead those who follow the same declarations."""

    def __init__(self, catalog: Catalog, kinds: Iterable[Kind]) -> None:
        self._catalog = catalog
        prints = ",".join(sorted(kind.fingerprint for kind in kinds))
        # Another version has tables of its own to fill, and so a leader of its own.
        self._name = hashlib.sha256(prints.encode()).hexdigest()[:12]
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
        self._beaten_at: float | None = None
        self._seen: tuple[str, int] | None = None
        self._seen_at = 0.0

    def is_ours(self) -> bool:
        """Whether to follow now; asks the database about once a second.

        Raises ``StoreUnavailable`` where it does not answer.
        """
        now = monotonic()
        if self._beaten_at is not None and now - self._beaten_at < _BEAT_SECONDS:
            return True
        self._beaten_at = None
        found = self._read()
        if found is None:
            self._begin()
            found = self._read()
        if found != self._seen:
            self._seen, self._seen_at = found, now
        if found is None or not (found[0] == self._owner or self._is_silent(found[0], now)):
            return False
        if self._go_on(found):
            self._beaten_at = now
        return self._beaten_at is not None

    def close(self) -> None:
        """Let another one lead at once."""
        leaders = self._catalog.control.leaders
        mine = (leaders.c.name == self._name, leaders.c.owner == self._owner)
        with write_transaction(self._catalog.engine) as connection:
            connection.execute(delete(leaders).where(*mine))

    def _read(self) -> tuple[str, int] | None:
        leaders = self._catalog.control.leaders
        with read_transaction(self._catalog.engine) as connection:
            row = connection.execute(select(leaders).where(leaders.c.name == self._name)).first()
        return None if row is None else (str(row.owner), int(row.beat))

    def _begin(self) -> None:
        leaders = self._catalog.control.leaders
        statement = (
            f"INSERT INTO {leaders.fullname} VALUES (:name, :owner, 0) ON CONFLICT DO NOTHING"
        )
        with write_transaction(self._catalog.engine) as connection:
            connection.execute(text(statement), {"name": self._name, "owner": self._owner})

    def _go_on(self, found: tuple[str, int]) -> bool:
        """Move the counter on as ours, unless somebody else has moved it since."""
        leaders = self._catalog.control.leaders
        owner, beat = found
        unmoved = (leaders.c.name == self._name, leaders.c.owner == owner, leaders.c.beat == beat)
        taken = update(leaders).where(*unmoved).values(owner=self._owner, beat=beat + 1)
        with write_transaction(self._catalog.engine) as connection:
            return connection.execute(taken).rowcount == 1

    def _is_silent(self, owner: str, now: float) -> bool:
        return now - self._seen_at > _SILENT_SECONDS or _is_gone(owner)


def _is_gone(owner: str) -> bool:
    """Whether it was a process of this machine that is no more: nobody need wait for it."""
    host, pid, _ = owner.rsplit(":", 2)
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except OSError as error:
        return error.errno == errno.ESRCH
    return False
