"""What the recorder of balance transactions remembers, in tables beside the log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Integer,
    String,
    Table,
    delete,
    func,
    inspect,
    select,
)

from api.stripe.balance_notes import Note
from api.stripe.tables import METADATA, create_tables, insert, upsert
from ledger import Log
from ledger.database import chunks, read_transaction, write_transaction

__all__ = ["Backlog", "BalanceState", "BalanceStore", "Wanted", "existing"]

_IN_MAX = 500

# A text has no null in a key: the own account is empty.
_SCOPE = ("account", "livemode")
_SWEEPS = Table(
    "ledger_stripe_balance",
    METADATA,
    Column("account", String(255), primary_key=True),
    Column("livemode", Boolean, primary_key=True),
    Column("swept_until", BigInteger, nullable=False),
    Column("since", BigInteger),
    Column("until", BigInteger),
    Column("cursor", String(255)),
)
_WANTED = Table(
    "ledger_stripe_balance_wanted",
    METADATA,
    Column("account", String(255), primary_key=True),
    Column("livemode", Boolean, primary_key=True),
    Column("id", String(255), primary_key=True),
    Column("reason", String(16), nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("cursor", String(255)),
)
_READ = Table(
    "ledger_stripe_balance_read",
    METADATA,
    Column("livemode", Boolean, primary_key=True),
    Column("position", BigInteger, nullable=False),
)


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
    def create_tables(engine: Engine) -> None:
        """Create the tables that are missing; safe from many processes at once."""
        create_tables(engine)

    @staticmethod
    def backlog(engine: Engine, seconds: float) -> Backlog:
        """What waits at a time, of both modes."""
        if not _exists(engine):
            return Backlog()
        due = _WANTED.c.due_at <= int(seconds)
        count = select(func.count()).select_from(_WANTED)
        with read_transaction(engine) as connection:
            return Backlog(
                connection.execute(count).scalar_one(),
                connection.execute(count.where(due)).scalar_one(),
                connection.execute(select(func.min(_WANTED.c.due_at)).where(due)).scalar(),
                connection.execute(
                    select(func.min(_SWEEPS.c.swept_until)).where(_SWEEPS.c.swept_until > 0)
                ).scalar(),
            )

    def state(self, account: str | None) -> BalanceState:
        """How far an account was swept."""
        query = select(_SWEEPS).where(*self._in_scope(_SWEEPS, account))
        with read_transaction(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return BalanceState(account, self._livemode)
        return BalanceState(**{**row, "account": account})

    def save(self, state: BalanceState) -> None:
        """Remember how far a sweep got."""
        with write_transaction(self._engine) as connection:
            upsert(connection, _SWEEPS, {**asdict(state), "account": state.account or ""})

    def position(self) -> int:
        """How far the log was read."""
        query = select(_READ.c.position).where(_READ.c.livemode.is_(self._livemode))
        with read_transaction(self._engine) as connection:
            return connection.execute(query).scalar() or 0

    def read(self, position: int, notes: Iterable[tuple[str | None, Note]]) -> None:
        """Remember what entries up to a position said, each of its account; both or neither."""
        with write_transaction(self._engine) as connection:
            for account, note in notes:
                self._note(connection, account, note)
            upsert(connection, _READ, {"livemode": self._livemode, "position": position})

    def due(self, seconds: float, limit: int) -> list[Wanted]:
        """What is due, longest first."""
        query = (
            select(_WANTED)
            .where(_WANTED.c.livemode.is_(self._livemode), _WANTED.c.due_at <= int(seconds))
            .order_by(_WANTED.c.due_at, _WANTED.c.id)
            .limit(limit)
        )
        with read_transaction(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        return [Wanted(**{**row, "account": row["account"] or None}) for row in rows]

    def put(self, wanted: Wanted) -> None:
        """Remember that it is to be asked for at another time, or from another place on."""
        with write_transaction(self._engine) as connection:
            upsert(connection, _WANTED, {**asdict(wanted), "account": wanted.account or ""})

    def forget(self, wanted: Wanted) -> None:
        """Remember that it need not be asked for."""
        with write_transaction(self._engine) as connection:
            self._forget(connection, wanted.account, wanted.id)

    def _note(self, connection: Connection, account: str | None, note: Note) -> None:
        if note.due_at is None:
            self._forget(connection, account, note.id)
            return
        values = asdict(Wanted(account, self._livemode, note.id, note.reason, note.due_at))
        values["account"] = account or ""
        if note.reason == "named":
            statement = insert(connection, _WANTED).values(values)
            connection.execute(statement.on_conflict_do_nothing())
        else:
            upsert(connection, _WANTED, values)

    def _forget(self, connection: Connection, account: str | None, id: str) -> None:
        is_it = (*self._in_scope(_WANTED, account), _WANTED.c.id == id)
        connection.execute(delete(_WANTED).where(*is_it))

    def _in_scope(self, table: Table, account: str | None) -> tuple[Any, Any]:
        return table.c.account == (account or ""), table.c.livemode.is_(self._livemode)


def existing(log: Log, streams: Sequence[UUID]) -> set[UUID]:
    """Of some streams of the log those that have entries."""
    column = log.table.c.originator_id
    with read_transaction(log.engine) as connection:
        return {
            stream
            for chunk in chunks(streams, _IN_MAX)
            for stream in connection.execute(
                select(column).where(column.in_(chunk)).distinct()
            ).scalars()
        }


def _exists(engine: Engine) -> bool:
    with read_transaction(engine) as connection:
        return inspect(connection).has_table(_READ.name)
