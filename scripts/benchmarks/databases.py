"""The two databases, each as a place for fresh stores."""

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
    """Somewhere to put stores."""

    name: str

    def fresh(self) -> str:
        """The URL of an empty store."""
        ...

    def processes(self) -> list[int]:
        """The database's own processes."""
        ...


class _Sqlite:
    name = "sqlite"

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self._directory = directory

    def fresh(self) -> str:
        return f"sqlite:///{mkdtemp(dir=self._directory)}/store.db"

    def processes(self) -> list[int]:
        return []


class _Postgresql:
    name = "postgresql"

    def __init__(self, server: Postgres) -> None:
        self._server = server

    def fresh(self) -> str:
        return self._server.make("benchmark")

    def processes(self) -> list[int]:
        return [self._server.pid]


@contextmanager
def database(name: str, directory: Path) -> Iterator[Database]:
    """A database that lives in a directory."""
    if name == "sqlite":
        yield _Sqlite(directory)
        return
    with postgres(directory / "postgresql") as server:
        yield _Postgresql(server)
