"""Making tables, and SQLite's file: many processes may do so at once, and wait for each other."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from ledger.database import explain, open_engine, write_transaction
from ledger.database_file import create_private_file
from ledger.errors import ConfigurationError, StoreUnavailable
from ledger.limits import Limits

__all__ = ["making_tables", "use_wal"]

# A start on a busy machine takes longer than an append may wait.
_MAKING_MS = 60_000
_PAUSE_SECONDS = 0.1

_INSUFFICIENT_PRIVILEGE = "42501"


def use_wal(engine: Engine) -> None:
    """Let SQLite's readers and its writer work at the same time; the file keeps the setting.

    Raises ``StoreUnavailable`` where the file cannot be opened.
    """
    if engine.dialect.name != "sqlite":
        return
    try:
        assert engine.url.database is not None
        create_private_file(engine.url.database)
        with _patient(engine) as patient, patient.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            # Outside any transaction, as SQLite requires.
            raw.rollback()
            _set_wal(raw)
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise StoreUnavailable(f"the database cannot be opened: {explain(error)}") from error


def _set_wal(raw: Any) -> None:
    # For this SQLite does not wait by itself, however long it may.
    deadline = time.monotonic() + _MAKING_MS / 1000
    while True:
        try:
            raw.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


@contextmanager
def making_tables(engine: Engine) -> Iterator[Connection]:
    """A write transaction that waits for others who make tables; raises as that does.

    Raises ``ConfigurationError`` where PostgreSQL's user lacks a right: that does not pass by.
    """
    if engine.dialect.name != "sqlite":
        with _told_of_rights(), write_transaction(engine) as connection:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_MAKING_MS}")
            yield connection
        return
    with _patient(engine) as patient, write_transaction(patient) as connection:
        yield connection


@contextmanager
def _told_of_rights() -> Iterator[None]:
    try:
        yield
    except StoreUnavailable as error:
        reason = error.__cause__ or error
        state = getattr(getattr(reason, "orig", reason), "sqlstate", None)
        if state != _INSUFFICIENT_PRIVILEGE:
            raise
        raise ConfigurationError(
            f"the database's user lacks a right: {explain(reason)}. Let the owner of the database"
            " make the tables or give it the right: docs/operations.md, Databases"
        ) from error


@contextmanager
def _patient(engine: Engine) -> Iterator[Engine]:
    """An engine of its own for the same file, whose connections wait longer for each other.

    Other threads may use the given one meanwhile, which is left as it is.
    """
    patient = open_engine(engine.url, limits=Limits(lock_ms=_MAKING_MS), pool_size=1)
    try:
        yield patient
    finally:
        patient.dispose()
