"""Databases for tests: empty ones, and copies of one that has the tables of a new ledger."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import pytest

from api.config.databases import create
from api.config.settings import Settings
from tests.servers import PostgresServer, SharedPostgres

DIALECTS = ("sqlite", "postgresql")

# Fills the empty database of a URL.
Fill = Callable[[str], None]

# Instead of on both, for tests of what processes do, whatever stores their data.
on_sqlite = pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("ledger_url", ["postgresql"], indirect=True)


class Databases:
    """Makes databases of a dialect ("sqlite" or "postgresql"), each dropped after its block.

    SQLite files are in a directory, PostgreSQL databases on the server that all tests share.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = itertools.count(1)
        self._templates: dict[tuple[str, Fill], str] = {}
        # A drop waits until the sessions of the database have ended; the next test need not.
        self._dropping = ThreadPoolExecutor(1)

    @contextmanager
    def empty(self, dialect: str) -> Iterator[str]:
        """The URL of a database without tables."""
        with self._sqlite() if dialect == "sqlite" else self._postgresql("template0") as url:
            yield url

    @contextmanager
    def new_ledger(self, dialect: str) -> Iterator[str]:
        """The URL of a database with the tables of a ledger in which nothing is recorded yet.

        It is a copy: to create the tables takes ten times as long.
        """
        with self.filled(dialect, _create_tables) as url:
            yield url

    @contextmanager
    def filled(self, dialect: str, fill: Fill) -> Iterator[str]:
        """The URL of a copy of the database that ``fill`` made of an empty one, once."""
        if dialect == "postgresql":
            with self._postgresql(self._postgresql_template(fill)) as url:
                yield url
            return
        with self._sqlite() as url:
            for file in self._sqlite_template(fill).iterdir():
                shutil.copy(file, Path(url.removeprefix("sqlite:///")).parent)
            yield url

    def close(self) -> None:
        """Wait until the databases are dropped."""
        self._dropping.shutdown()

    @contextmanager
    def _sqlite(self) -> Iterator[str]:
        directory = self._directory / str(next(self._numbers))
        directory.mkdir()
        try:
            yield _sqlite_url(directory)
        finally:
            shutil.rmtree(directory)

    @contextmanager
    def _postgresql(self, template: str) -> Iterator[str]:
        name = self._server.create_database(template)
        try:
            yield self._server.url(name)
        finally:
            self._dropping.submit(self._server.drop_database, name)

    @cached_property
    def _server(self) -> PostgresServer:
        return SharedPostgres.connect()

    def _postgresql_template(self, fill: Fill) -> str:
        if ("postgresql", fill) not in self._templates:
            name = self._server.create_database()
            fill(self._server.url(name))
            self._templates["postgresql", fill] = name
        return self._templates["postgresql", fill]

    def _sqlite_template(self, fill: Fill) -> Path:
        if ("sqlite", fill) not in self._templates:
            directory = self._directory / f"template{len(self._templates)}"
            directory.mkdir()
            fill(_sqlite_url(directory))
            self._templates["sqlite", fill] = str(directory)
        return Path(self._templates["sqlite", fill])


def _sqlite_url(directory: Path) -> str:
    return f"sqlite:///{directory / 'ledger.db'}"


def _create_tables(url: str) -> None:
    create(Settings.read({"LEDGER_DATABASE_URL": url}))
