"""What the recorder of balance transactions remembers, in tables beside the log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, func, inspect, select

from api.stripe.balance_notes import Note
from api.stripe.tables import (
    BALANCE_READ,
    BALANCE_SWEEPS,
    BALANCE_WANTED,
    members_of,
    save,
    upsert,
)
from ledger.database import read_transaction, write_transaction

__all__ = ["Backlog", "BalanceState", "BalanceStore", "Wanted"]


@dataclass(frozen=True, slots=True)
class BalanceState:
    """How far the list of an account was swept (Unix seconds; 0: never).

    A sweep that is under way has gone from ``until`` back to ``cursor``, and will end at ``since``.
    """

    account: str | None
    livemode: bool
    swept_until: int = 0
    since: int | None = None
    until: int | None = None
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A balance transaction, or the parts of a payout, to be asked for when it is due.

    ``cursor`` is how far the list of a payout's parts was read.
    """

    account: str | None
    livemode: bool
    id: str
    reason: str
    due_at: int
    attempts: int = 0
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many are to be asked for, how many of them are due, since when; and the oldest sweep."""

    wanted: int = 0
    due: int = 0
    oldest_due: int | None = None
    swept_until: int | None = None


class BalanceStore:
    """The tables of a mode's recorder; every method raises ``StoreUnavailable``."""

    def __init__(self, engine: Engine, *, livemode: bool) -> None:
        self._engine, self._livemode = engine, livemode

    @staticmethod
    def backlog(engine: Engine, seconds: float) -> Backlog:
        """What waits at a time, of both modes."""
        if not _exists(engine):
            return Backlog()
        due, swept_until = BALANCE_WANTED.c.due_at <= int(seconds), BALANCE_SWEEPS.c.swept_until
        count = select(func.count()).select_from(BALANCE_WANTED)
        with read_transaction(engine) as connection:
            return Backlog(
                connection.execute(count).scalar_one(),
                connection.execute(count.where(due)).scalar_one(),
                connection.execute(select(func.min(BALANCE_WANTED.c.due_at)).where(due)).scalar(),
                connection.execute(select(func.min(swept_until)).where(swept_until > 0)).scalar(),
            )

    def state(self, account: str | None) -> BalanceState:
        """How far an account was swept."""
        query = select(BALANCE_SWEEPS).where(*self._in_scope(BALANCE_SWEEPS, account))
        with read_transaction(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return BalanceState(account, self._livemode)
        return BalanceState(**members_of(row))

    def save(self, state: BalanceState) -> None:
        """Remember how far a sweep got."""
        with write_transaction(self._engine) as connection:
            save(connection, BALANCE_SWEEPS, state)

    def position(self) -> int:
        """How far the log was read."""
        query = select(BALANCE_READ.c.position).where(BALANCE_READ.c.livemode.is_(self._livemode))
        with read_transaction(self._engine) as connection:
            return connection.execute(query).scalar() or 0

    def read(self, position: int, notes: Iterable[tuple[str | None, Note]]) -> None:
        """Remember what entries up to a position said, each of its account; both or neither."""
        with write_transaction(self._engine) as connection:
            for account, note in notes:
                self._note(connection, account, note)
            upsert(connection, BALANCE_READ, {"livemode": self._livemode, "position": position})

    def due(self, seconds: float, limit: int) -> list[Wanted]:
        """What is due, longest first."""
        columns = BALANCE_WANTED.c
        query = (
            select(BALANCE_WANTED)
            .where(columns.livemode.is_(self._livemode), columns.due_at <= int(seconds))
            .order_by(columns.due_at, columns.id)
            .limit(limit)
        )
        with read_transaction(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        return [Wanted(**members_of(row)) for row in rows]

    def put(self, wanted: Wanted) -> None:
        """Remember that it is to be asked for at another time, or from another place on."""
        with write_transaction(self._engine) as connection:
            save(connection, BALANCE_WANTED, wanted)

    def forget(self, wanted: Wanted) -> None:
        """Remember that it need not be asked for."""
        with write_transaction(self._engine) as connection:
            self._forget(connection, wanted.account, wanted.id)

    def _note(self, connection: Connection, account: str | None, note: Note) -> None:
        if note.due_at is None:
            self._forget(connection, account, note.id)
            return
        wanted = Wanted(account, self._livemode, note.id, note.reason, note.due_at)
        save(connection, BALANCE_WANTED, wanted, replaces=note.reason != "named")

    def _forget(self, connection: Connection, account: str | None, id: str) -> None:
        is_it = (*self._in_scope(BALANCE_WANTED, account), BALANCE_WANTED.c.id == id)
        connection.execute(delete(BALANCE_WANTED).where(*is_it))

    def _in_scope(self, table: Table, account: str | None) -> tuple[Any, Any]:
        return table.c.account == (account or ""), table.c.livemode.is_(self._livemode)


def _exists(engine: Engine) -> bool:
    with read_transaction(engine) as connection:
        return inspect(connection).has_table(BALANCE_READ.name)
