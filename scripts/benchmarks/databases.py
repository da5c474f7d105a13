"""The two databases, each as a place for empty ledgers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Protocol

from scripts.benchmarks.postgres import Postgres, postgres

__all__ = ["DATABASES", "Database", "database"]

DATABASES = ("sqlite", "postgresql")


class Database(Protocol):
    """A place for empty ledgers."""

    name: str

    def create_empty(self) -> str:
        """Return the URL of a new empty database."""
        ...

    def processes(self) -> list[int]:
        """Return the ids of the database's own processes."""
        ...


class _Sqlite:
    name = "sqlite"

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self._directory = directory

    def create_empty(self) -> str:
        return f"sqlite:///{mkdtemp(dir=self._directory)}/store.db"

    def processes(self) -> list[int]:
        return []


class _Postgresql:
    name = "postgresql"

    def __init__(self, server: Postgres) -> None:
        self._server = server

    def create_empty(self) -> str:
        return self._server.make("benchmark")

    def processes(self) -> list[int]:
        return [self._server.pid]


@contextmanager
def database(name: str, directory: Path) -> Iterator[Database]:
    """Open a database whose data are in a directory."""
    if name == "sqlite":
        yield _Sqlite(directory)
        return
    with postgres(directory / "postgresql") as server:
        yield _Postgresql(server)
