"""How far a backfill got, list by list, in a table beside the log: it may be killed anywhere."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import BigInteger, Boolean, Column, Engine, String, Table, delete, select

from api.stripe.tables import METADATA, create_tables, upsert
from ledger.database import read_transaction, write_transaction

__all__ = ["BackfillState", "BackfillStore"]

# A text has no null in a key: the own account is empty.
_BACKFILLS = Table(
    "ledger_stripe_backfills",
    METADATA,
    Column("account", String(255), primary_key=True),
    Column("livemode", Boolean, primary_key=True),
    Column("listing", String(255), primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("cursor", String(255)),
    Column("created", BigInteger),
    Column("objects", BigInteger, nullable=False),
    Column("recorded", BigInteger, nullable=False),
    Column("is_done", Boolean, nullable=False),
)


@dataclass(frozen=True, slots=True)
class BackfillState:
    """How far a list of an account was read, newest first, down to ``since`` (Unix seconds).

    ``cursor`` is the last object that was read, and ``created`` its time. Of ``objects`` that were
    read, ``recorded`` were new to the log.
    """

    account: str | None
    livemode: bool
    listing: str
    since: int = 0
    cursor: str | None = None
    created: int | None = None
    objects: int = 0
    recorded: int = 0
    is_done: bool = False


class BackfillStore:
    """The table of a mode's backfills; every method raises ``StoreUnavailable``."""

    def __init__(self, engine: Engine, *, livemode: bool) -> None:
        self._engine, self._livemode = engine, livemode

    def create_tables(self) -> None:
        """Create the tables that are missing; safe from many processes at once."""
        create_tables(self._engine)

    def states(self) -> dict[tuple[str | None, str], BackfillState]:
        """How far each list of each account was read, of the backfills that are not over."""
        query = select(_BACKFILLS).where(_BACKFILLS.c.livemode.is_(self._livemode))
        with read_transaction(self._engine) as connection:
            states = [
                BackfillState(**{**row, "account": row["account"] or None})
                for row in connection.execute(query).mappings()
            ]
        return {(state.account, state.listing): state for state in states}

    def save(self, state: BackfillState) -> None:
        """Remember how far a list was read."""
        values = {**asdict(state), "account": state.account or ""}
        with write_transaction(self._engine) as connection:
            upsert(connection, _BACKFILLS, values)

    def forget(self) -> None:
        """Forget all of them: the next backfill begins anew."""
        with write_transaction(self._engine) as connection:
            connection.execute(delete(_BACKFILLS).where(_BACKFILLS.c.livemode.is_(self._livemode)))
