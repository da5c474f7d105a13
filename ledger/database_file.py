"""The file of a SQLite database: private, made on purpose, and noticed when it is another one."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

__all__ = ["connect_to_existing_file", "create_private_file"]

_IDENTITY = "file"


def create_private_file(path: str | os.PathLike[str]) -> None:
    """Make a file that only its owner can read, where there is none: it will have personal data.

    SQLite gives the files beside it the same permissions. A file that is there is not even opened:
    to close it again would end all locks that this process's connections hold on it, and another
    process could take their WAL away. Raises ``OSError``.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        os.close(os.open(path, flags | os.O_EXCL, 0o600))
    except FileExistsError:
        if not os.path.exists(path):
            # A link to where nothing is.
            os.close(os.open(path, flags, 0o600))


def connect_to_existing_file(engine: Engine) -> None:
    """Let a SQLite engine never make its file, and use no connection to a file that is gone.

    A deleted file stays writable for whoever has it open: what is committed there is lost.
    """

    @event.listens_for(engine, "do_connect")
    def connect(
        _dialect: Any, record: ConnectionPoolEntry, arguments: Any, options: dict[str, Any]
    ) -> sqlite3.Connection:
        path = Path(arguments[0]).absolute()
        connection: sqlite3.Connection = sqlite3.connect(
            f"{path.as_uri()}?mode=rw", **{**options, "uri": True}
        )
        record.info[_IDENTITY] = _identity(path)
        return connection

    @event.listens_for(engine, "checkout")
    def check(_connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        assert engine.url.database is not None
        identity = record.info.get(_IDENTITY)
        if identity is None or identity != _identity(Path(engine.url.database)):
            # The pool connects anew; to nothing, if the file is gone.
            raise DisconnectionError("the database's file was removed or replaced")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
