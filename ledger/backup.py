"""Backup: a verified copy of SQLite's files, made while others write."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import URL, Engine
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
    beside: Mapping[Path, Engine] = MappingProxyType({}),
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Verified:
    """Copy the log's database to ``path``, verify the copy, and only then put it there.

    So are the files ``beside`` it: by the path of the copy, what is copied there. They are copied
    after the log: what they know of it may then be more than the copy of the log has, and never
    less. A file that is there already is replaced only with ``force``, and stays as it was where
    the backup fails. ``progress`` is that of the verification. Raises ``BackupFailed``, and
    ``ConfigurationError`` for PostgreSQL.
    """
    if ledger.engine.dialect.name != "sqlite":
        raise ConfigurationError(
            "`ledger backup` copies a SQLite file; back up PostgreSQL by pg_dump, or by"
            " pg_basebackup with its WAL, and verify what you restore by `ledger verify --anchor`"
        )
    engines = {path: ledger.engine, **beside}
    for place in engines:
        for engine in engines.values():
            _refuse_place(engine, place, force=force)
    try:
        # The log's is put in its place last, when all others are in theirs.
        with ExitStack() as stack:
            parts = {place: stack.enter_context(replacing(place)) for place in engines}
            for place, engine in engines.items():
                _copy(engine, parts[place])
            verified = _verify(parts[path], progress)
            for place in beside:
                _check(parts[place])
            for part in parts.values():
                _write_through(part)
    except (OSError, sqlite3.Error, SQLAlchemyError) as error:
        raise BackupFailed(f"{path} cannot be written: {explain(error)}") from error
    return verified


def _refuse_place(engine: Engine, path: Path, *, force: bool) -> None:
    if not is_replaceable(path):
        raise BackupFailed(f"{path} is no file that a database can be written to")
    if not path.exists():
        return
    if os.path.samefile(path, str(engine.url.database)):
        raise BackupFailed(f"{path} is the database itself")
    beside = [suffix for suffix in _BESIDE if path.with_name(path.name + suffix).exists()]
    if beside:
        raise BackupFailed(f"{path} is in use as a database: there is {path.name}{beside[0]}")
    if not force:
        raise BackupFailed(f"{path} exists already; --force replaces it")


def _copy(engine: Engine, part: Path) -> None:
    """Copy all pages in one step: in several, it would start again whenever somebody writes."""
    with engine.connect() as connection, closing(sqlite3.connect(part)) as target:
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


def _check(part: Path) -> None:
    with closing(sqlite3.connect(part)) as copy:
        [(result,)] = copy.execute("PRAGMA quick_check(1)")
    if result != "ok":
        raise BackupFailed(f"the copy is damaged, and is not kept: {result}")


def _write_through(part: Path) -> None:
    with part.open("rb") as file:
        os.fsync(file.fileno())
