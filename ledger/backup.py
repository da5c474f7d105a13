"""Backup: a verified copy of SQLite's file, made while others write."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from ledger.database import explain
from ledger.errors import BackupFailed, ConfigurationError
from ledger.files import is_replaceable, replacing
from ledger.store import Ledger
from ledger.verify import Verified, verify

__all__ = ["back_up"]

# What SQLite keeps beside a database that is in use.
_BESIDE = ("-wal", "-shm", "-journal")


def back_up(
    ledger: Ledger,
    path: Path,
    *,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Verified:
    """Copy the log's database to ``path``, verify the copy, and only then put it there.

    A file that is there already is replaced only with ``force``, and stays as it was where the
    backup fails. ``progress`` is that of the verification. Raises ``BackupFailed``, and
    ``ConfigurationError`` for PostgreSQL.
    """
    if ledger.engine.dialect.name != "sqlite":
        raise ConfigurationError(
            "`ledger backup` copies a SQLite file; back up PostgreSQL by pg_dump, or by"
            " pg_basebackup with its WAL, and verify what you restore by `ledger verify --anchor`"
        )
    _refuse_place(ledger, path, force=force)
    try:
        with replacing(path) as part:
            _copy(ledger, part)
            verified = _verify(part, progress)
            _write_through(part)
    except (OSError, sqlite3.Error, SQLAlchemyError) as error:
        raise BackupFailed(f"{path} cannot be written: {explain(error)}") from error
    return verified


def _refuse_place(ledger: Ledger, path: Path, *, force: bool) -> None:
    if not is_replaceable(path):
        raise BackupFailed(f"{path} is no file that a database can be written to")
    if not path.exists():
        return
    if os.path.samefile(path, str(ledger.engine.url.database)):
        raise BackupFailed(f"{path} is the database itself")
    beside = [suffix for suffix in _BESIDE if path.with_name(path.name + suffix).exists()]
    if beside:
        raise BackupFailed(f"{path} is in use as a database: there is {path.name}{beside[0]}")
    if not force:
        raise BackupFailed(f"{path} exists already; --force replaces it")


def _copy(ledger: Ledger, part: Path) -> None:
    """Copy all pages in one step: in several, it would start again whenever somebody writes."""
    with ledger.engine.connect() as connection, closing(sqlite3.connect(part)) as target:
        source = connection.connection.driver_connection
        assert isinstance(source, sqlite3.Connection)
        source.backup(target, pages=-1)


def _verify(part: Path, progress: Callable[[int, int], None] | None) -> Verified:
    url = URL.create("sqlite", database=str(part)).render_as_string()
    with closing(Ledger.open(url)) as copy:
        verified = verify(copy, progress=progress)
    if verified.problem_count:
        raise BackupFailed(
            f"the copy does not verify, and is not kept: {verified.problems[0]};"
            " see `ledger verify`"
        )
    return verified


def _write_through(part: Path) -> None:
    with part.open("rb") as file:
        os.fsync(file.fileno())
