"""How far a backfill got, list by list, in a table beside the log: it may be killed anywhere."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, delete, select

from api.stripe.tables import BACKFILLS, members_of, save
from ledger.database import read_transaction, write_transaction

__all__ = ["BackfillState", "BackfillStore"]


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

    def states(self) -> dict[tuple[str | None, str], BackfillState]:
        """How far each list of each account was read, of the backfills that are not over."""
        query = select(BACKFILLS).where(BACKFILLS.c.livemode.is_(self._livemode))
        with read_transaction(self._engine) as connection:
            rows = connection.execute(query).mappings()
            states = [BackfillState(**members_of(row)) for row in rows]
        return {(state.account, state.listing): state for state in states}

    def save(self, state: BackfillState) -> None:
        """Remember how far a list was read."""
        with write_transaction(self._engine) as connection:
            save(connection, BACKFILLS, state)

    def forget(self) -> None:
        """Forget all of them: the next backfill begins anew."""
        with write_transaction(self._engine) as connection:
            connection.execute(delete(BACKFILLS).where(BACKFILLS.c.livemode.is_(self._livemode)))
