"""A handler's database connection: what it writes commits with the mark, or not at all."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from typing import Any, NoReturn

from sqlalchemy import URL, Connection, Engine, event

from ledger.database import open_engine
from ledger.limits import Limits

__all__ = ["HandlerConnection", "TransactionMisused", "open_handler_engine"]

_LOCK_MS = 5_000

# With COMMIT a handler's writes would stay although it fails later, and be made again.
_ENDS_TRANSACTION = re.compile(
    r"\s*(begin|start\s+transaction|commit|end|abort|prepare\s+transaction"
    r"|rollback(?!\s+(work\s+|transaction\s+)?to\b))\b",
    re.IGNORECASE,
)
# Changes nothing, and takes the lock of SQLite's file.
_TAKE_LOCK = "DELETE FROM ledger_senders WHERE 0"


class TransactionMisused(RuntimeError):
    """A handler did with its connection what is the ledger's to do."""


class HandlerConnection(Connection):
    """One transaction, which the ledger begins and ends; savepoints are free.

    On SQLite it takes the file's lock with its first statement, be it one that reads: a transaction
    that reads and then writes fails where another one wrote in between.
    """

    def __init__(self, engine: Engine, on_lock: Callable[[], None]) -> None:
        """``on_lock`` is called once the transaction holds SQLite's lock."""
        super().__init__(engine)
        self._on_lock = on_lock
        self._is_begun = self._is_handed_out = self._has_executed = False
        self._misuse: TransactionMisused | None = None
        self._whole = super().begin()
        self._is_begun = True

    def __enter__(self) -> HandlerConnection:
        return self

    def __exit__(self, *_: object) -> None:
        """Of a ``with`` in the handler: the transaction is not over yet."""

    def hand_out(self) -> None:
        """From now on a handler has it."""
        self._is_handed_out = True

    def take_back(self) -> None:
        """Raise ``TransactionMisused`` where the handler left no transaction that can commit.

        Also where it passed over the error of a call that was refused: it takes something for
        committed or rolled back that is not.
        """
        self._is_handed_out = False
        if self._misuse is not None:
            raise self._misuse
        if self.get_transaction() is not self._whole or not self._is_in_transaction():
            raise TransactionMisused("the handler ended the transaction of its connection itself")

    def end(self, *, commit: bool) -> None:
        """Commit or roll back, and give the connection back."""
        self._is_handed_out = False
        try:
            if commit:
                self._whole.commit()
        finally:
            super().close()  # rolls back what is not committed

    def before_statement(self, cursor: Any, statement: str) -> None:
        """Called before each statement."""
        if self._is_handed_out and _ENDS_TRANSACTION.match(statement):
            self._refuse(statement.split()[0].upper())
        if self._is_begun and not self._has_executed:
            self._has_executed = True
            if self.dialect.name == "sqlite":
                cursor.execute(_TAKE_LOCK)
                self._on_lock()

    def before_end(self) -> None:
        """Called before a commit or rollback by whatever way."""
        if self._is_handed_out:
            self._refuse("get_transaction().commit() or rollback()")

    def begin(self) -> NoReturn:
        self._refuse("begin()")

    def commit(self) -> NoReturn:
        self._refuse("commit()")

    def rollback(self) -> NoReturn:
        self._refuse("rollback()")

    def close(self) -> NoReturn:
        self._refuse("close()")

    def _refuse(self, what: str) -> NoReturn:
        self._misuse = TransactionMisused(
            f"{what} is not the handler's: what it writes is committed together with the mark that"
            " the notification was delivered, when it returns, and rolled back when it raises"
        )
        raise self._misuse

    def _is_in_transaction(self) -> bool:
        raw: Any = self.connection.driver_connection
        if isinstance(raw, sqlite3.Connection):
            return raw.in_transaction
        # psycopg's enumeration: 0 is idle. It begins with the first statement.
        return not self._has_executed or int(raw.info.transaction_status) != 0


def open_handler_engine(url: URL, timeout_ms: int) -> Engine:
    """The engine of one handler process.

    Between two statements a handler may do anything for as long as it likes, up to the timeout at
    which its process is killed: then the server must not go on with a statement of it either.
    """
    limits = Limits(lock_ms=_LOCK_MS, statement_ms=timeout_ms, idle_ms=0)
    engine = open_engine(url, limits=limits, pool_size=1)

    @event.listens_for(engine, "before_cursor_execute")
    def before_statement(connection: Connection, cursor: Any, statement: str, *_: object) -> None:
        if isinstance(connection, HandlerConnection):
            connection.before_statement(cursor, statement)

    for name in ("commit", "rollback"):

        @event.listens_for(engine, name)
        def before_end(connection: Connection) -> None:
            if isinstance(connection, HandlerConnection):
                connection.before_end()

    return engine
