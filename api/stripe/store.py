"""What the sweeps remember, in tables beside the log: how far each got, and what each fetched."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, inspect, select, update

from api.stripe.tables import FETCHED, SWEEPS, insert, members_of, save
from api.telemetry.deferred import Deferred
from ledger import Event, StoreUnavailable
from ledger.database import read_transaction, write_transaction

__all__ = ["SweepState", "SweepStore"]


@dataclass(frozen=True, slots=True)
class SweepState:
    """How far an account's events were swept (Unix seconds; 0: never).

    A sweep that is under way has gone from ``until`` back to the event ``cursor``, and will end at
    ``since``. ``is_gone``: the account is not connected any more.
    """

    account: str | None
    livemode: bool
    swept_until: int = 0
    since: int | None = None
    until: int | None = None
    cursor: str | None = None
    is_gone: bool = False


class SweepStore:
    """The tables of the sweeps; every method raises ``StoreUnavailable`` without a database."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock
        self._exists = False
        self._delivered: dict[str, int] = {}
        self._lock = threading.Lock()
        self._writing = Deferred(self._write_delivered)

    def states(self, livemode: bool) -> dict[str | None, SweepState]:
        """How far each account of a mode was swept."""
        with read_transaction(self._engine) as connection:
            if not self._tables_exist(connection):
                return {}
            rows = connection.execute(select(SWEEPS).where(SWEEPS.c.livemode.is_(livemode)))
            states = [SweepState(**members_of(row)) for row in rows.mappings()]
        return {state.account: state for state in states}

    def save(self, state: SweepState) -> None:
        """Remember how far a sweep got."""
        with write_transaction(self._engine) as connection:
            save(connection, SWEEPS, state)

    def note_fetched(self, events: Iterable[Event]) -> None:
        """Note events that are about to be appended: whether a webhook follows is a figure."""
        rows = [
            {
                "event_id": event.id,
                "type": event.type,
                "created": event.created,
                "fetched_at": int(self._clock()),
            }
            for event in events
        ]
        if rows:
            with write_transaction(self._engine) as connection:
                # Killed before the append, it is noted once more.
                connection.execute(
                    insert(connection, FETCHED).values(rows).on_conflict_do_nothing()
                )

    def note_delivered(self, event_id: str) -> None:
        """Note that the webhook of a fetched event has come; written a moment later."""
        with self._lock:
            self._delivered[event_id] = int(self._clock())
        self._writing.schedule()

    def flush(self) -> None:
        """Write what was noted."""
        self._write_delivered()

    def _write_delivered(self) -> None:
        with self._lock:
            delivered, self._delivered = self._delivered, {}
        columns = FETCHED.c
        with suppress(StoreUnavailable), write_transaction(self._engine) as connection:
            for event_id, seconds in delivered.items():
                is_first = (columns.event_id == event_id) & columns.delivered_at.is_(None)
                connection.execute(update(FETCHED).where(is_first).values(delivered_at=seconds))

    def _tables_exist(self, connection: Connection) -> bool:
        self._exists = self._exists or inspect(connection).has_table(FETCHED.name)
        return self._exists
