"""Claims: which deliveries a sender has. No two send the same, and a dead one leaves none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, delete, insert, select, update

from api.notify.signing_secrets import valid_secrets
from api.notify.subscribers import Subscriber, subscriber_of
from api.notify.tables import DELIVERIES, SENDERS, SUBSCRIBERS
from ledger.database import chunks, read_transaction, write_transaction
from projections.tables.lease import database_seconds, is_gone, new_owner

__all__ = ["SENDER_SECONDS", "Claimed", "Claims", "Recipient", "Share"]

# Without a heartbeat for so long, a sender counts as dead. One whose process has ended on this
# machine is known to be at once.
SENDER_SECONDS = 10.0

# Databases limit how many parameters one statement has.
_IN_MAX = 500


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that a sender has: the ``attempt``-th try, from 1 on, of what ``sender`` claimed
    with the number ``claim``."""

    subscriber: str
    notification: str
    type: str
    row: bytes
    body: bytes = field(repr=False)
    attempt: int
    sender: str
    claim: int


@dataclass(frozen=True, slots=True)
class Recipient:
    """An active subscriber, and the secrets that sign for it."""

    subscriber: Subscriber
    secrets: Sequence[str] = field(repr=False)
    has_due: bool


@dataclass(frozen=True, slots=True)
class Share:
    """Which of how many living senders this one is: each has its part of every concurrency."""

    rank: int
    count: int

    def of(self, concurrency: int) -> int:
        """How many attempts at once are this sender's; all senders' add up to ``concurrency``."""
        return concurrency * (self.rank + 1) // self.count - concurrency * self.rank // self.count


class Claims:
    """What one sender has claimed; every method raises ``StoreUnavailable`` without a database."""

    def __init__(self, engine: Engine) -> None:
        self.owner = new_owner()
        self._engine = engine
        self._number = 0

    def heartbeat(self) -> Share:
        """Say that this sender lives, take the dead ones' deliveries from them, and count the
        living. On SQLite one sends: the others have no share until it is gone."""
        with write_transaction(self._engine) as connection:
            senders = connection.execute(
                select(SENDERS).order_by(SENDERS.c.owner).with_for_update()
            ).all()
            self._say_that_it_lives(connection)
            seconds = database_seconds(connection)
            since = {self.owner: seconds}
            for row in senders:
                is_dead = is_gone(row.owner) or row.heartbeat < seconds - SENDER_SECONDS
                if is_dead and row.owner != self.owner:
                    _bury(connection, row.owner)
                else:
                    since[row.owner] = row.since
            living = sorted(since, key=lambda owner: (since[owner], owner))
        rank = living.index(self.owner)
        if self._engine.dialect.name == "sqlite":
            return Share(0, 1) if rank == 0 else Share(0, 1 << 30)
        return Share(rank, len(living))

    def recipients(self) -> list[Recipient]:
        """The subscribers to whom something may be sent, and whether anything is due."""
        table = DELIVERIES.c
        with read_transaction(self._engine) as connection:
            seconds = database_seconds(connection)
            due = select(table.notification).where(
                table.subscriber == SUBSCRIBERS.c.id, table.due_at <= seconds
            )
            is_ready = (SUBSCRIBERS.c.state == "active", SUBSCRIBERS.c.resumes_at <= seconds)
            query = select(SUBSCRIBERS, due.exists().label("has_due")).where(*is_ready)
            rows = connection.execute(query.order_by(SUBSCRIBERS.c.id)).all()
        return [
            Recipient(subscriber_of(row), valid_secrets(row.secrets), bool(row.has_due))
            for row in rows
        ]

    def claim(self, counts: Mapping[str, int]) -> list[Claimed]:
        """Claim so many due deliveries of each subscriber, the longest due first."""
        with write_transaction(self._engine) as connection:
            # Before it claims: whoever took it for dead must find its claims once it is.
            self._say_that_it_lives(connection)
            self._number += 1
            seconds = database_seconds(connection)
            return [
                claimed
                for subscriber, count in counts.items()
                for claimed in self._claim(connection, subscriber, count, seconds)
            ]

    def release(self, claimed: Iterable[Claimed]) -> None:
        """Give back what was claimed and not tried; it is due at once."""
        by_claim: dict[tuple[str, int], list[str]] = defaultdict(list)
        for each in claimed:
            by_claim[each.subscriber, each.claim].append(each.notification)
        if not by_claim:
            return
        with write_transaction(self._engine) as connection:
            free = {"due_at": database_seconds(connection), "sender": None, "claim": None}
            for (subscriber, number), notifications in by_claim.items():
                its_own = (DELIVERIES.c.sender == self.owner, DELIVERIES.c.claim == number)
                for chunk in chunks(notifications, _IN_MAX):
                    connection.execute(
                        update(DELIVERIES)
                        .where(*its_own, DELIVERIES.c.subscriber == subscriber)
                        .where(DELIVERIES.c.notification.in_(chunk))
                        .values(**free)
                    )

    def leave(self) -> None:
        """Give everything back: this sender ends."""
        with write_transaction(self._engine) as connection:
            _bury(connection, self.owner)

    def _say_that_it_lives(self, connection: Connection) -> None:
        seconds = database_seconds(connection)
        its_own = update(SENDERS).where(SENDERS.c.owner == self.owner)
        if not connection.execute(its_own.values(heartbeat=seconds)).rowcount:
            values = {"owner": self.owner, "since": seconds, "heartbeat": seconds}
            connection.execute(insert(SENDERS).values(**values))

    def _claim(
        self, connection: Connection, subscriber: str, count: int, seconds: float
    ) -> list[Claimed]:
        table = DELIVERIES.c
        columns = (table.notification, table.type, table.row_key, table.body, table.attempts)
        query = select(*columns).where(table.subscriber == subscriber, table.due_at <= seconds)
        oldest = query.order_by(table.due_at, table.position, table.place).limit(count)
        rows = connection.execute(oldest.with_for_update(skip_locked=True)).all()
        claim = {"due_at": None, "sender": self.owner, "claim": self._number}
        for chunk in chunks([row.notification for row in rows], _IN_MAX):
            these = (table.subscriber == subscriber, table.notification.in_(chunk))
            connection.execute(update(DELIVERIES).where(*these).values(**claim))
        return [
            Claimed(
                subscriber,
                row.notification,
                row.type,
                bytes(row.row_key),
                bytes(row.body),
                row.attempts + 1,
                self.owner,
                self._number,
            )
            for row in rows
        ]


def _bury(connection: Connection, owner: str) -> None:
    """Forget a sender; what it had is due at once, for others."""
    free = {"due_at": database_seconds(connection), "sender": None, "claim": None}
    connection.execute(update(DELIVERIES).where(DELIVERIES.c.sender == owner).values(**free))
    connection.execute(delete(SENDERS).where(SENDERS.c.owner == owner))
