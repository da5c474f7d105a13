"""Sessions of the console: who is signed in, by the hash of a token that only a browser has."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    delete,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from ledger import StoreUnavailable
from ledger.database import advisory_lock, read_transaction, write_transaction
from ledger.making import making_tables

__all__ = ["IDLE_SECONDS", "Sessions"]

# A session ends after this time without a request.
IDLE_SECONDS = 12 * 3600
# How exactly the time of its last request is stored.
_USED_SECONDS = 60

# The advisory lock's number: any that nothing else in the database uses.
_CREATE_LOCK = 0x73657373

# `key` refers to an API key; it is empty for a link that was used up.
_TABLE = Table(
    "ledger_console_sessions",
    MetaData(),
    Column("sha256", String(64), primary_key=True),
    Column("key", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=False),
)


class Sessions:
    """The sessions in the log's database, times in Unix seconds.

    Every method raises ``StoreUnavailable`` without a database.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock
        self._exists = False

    def create_table(self) -> None:
        """Create the table if it is missing; safe from many processes at once."""
        with read_transaction(self._engine) as connection:
            if self._table_exists(connection):
                return
        with making_tables(self._engine) as connection:
            advisory_lock(connection, _CREATE_LOCK)
            _TABLE.metadata.create_all(connection)

    def begin(self, key: str) -> str:
        """A new session of an API key; returns its token. Sessions that expired are removed."""
        token, seconds = secrets.token_urlsafe(32), int(self._clock())
        self.create_table()
        with write_transaction(self._engine) as connection:
            connection.execute(delete(_TABLE).where(_TABLE.c.used_at < seconds - IDLE_SECONDS))
            connection.execute(insert(_TABLE).values(_row(token, key, seconds)))
        return token

    def key_of(self, token: str) -> str | None:
        """The key that a session is of; None if there is none, or it has expired."""
        seconds = int(self._clock())
        with read_transaction(self._engine) as connection:
            if not self._table_exists(connection):
                return None
            row = connection.execute(select(_TABLE).where(_is(token))).first()
        if row is None or not row.key or row.used_at < seconds - IDLE_SECONDS:
            return None
        if row.used_at <= seconds - _USED_SECONDS:
            # A database that cannot be written to shows what it has.
            with suppress(StoreUnavailable), write_transaction(self._engine) as connection:
                connection.execute(update(_TABLE).where(_is(token)).values(used_at=seconds))
        return str(row.key)

    def end(self, token: str) -> None:
        """End a session."""
        with write_transaction(self._engine) as connection:
            connection.execute(delete(_TABLE).where(_is(token)))

    def use_up(self, nonce: str) -> bool:
        """Use up what may be used once; False if it was used before."""
        self.create_table()
        try:
            with write_transaction(self._engine) as connection:
                connection.execute(insert(_TABLE).values(_row(nonce, "", int(self._clock()))))
        except StoreUnavailable as error:
            if isinstance(error.__cause__, IntegrityError):
                return False
            raise
        return True

    def _table_exists(self, connection: Connection) -> bool:
        self._exists = self._exists or inspect(connection).has_table(_TABLE.name)
        return self._exists


def _row(token: str, key: str, seconds: int) -> dict[str, object]:
    return {"sha256": _hash(token), "key": key, "created_at": seconds, "used_at": seconds}


def _is(token: str) -> ColumnElement[bool]:
    return _TABLE.c.sha256 == _hash(token)


def _hash(token: str) -> str:
    return sha256(token.encode(errors="surrogateescape")).hexdigest()
