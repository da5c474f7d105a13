"""Databases for tests: empty ones, and copies of one that has the tables of a new ledger."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import pytest

from api.config.databases import create
from api.config.settings import Settings
from tests.servers import PostgresServer, SharedPostgres

DIALECTS = ("sqlite", "postgresql")

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
        if dialect == "postgresql":
            with self._postgresql(self._postgresql_template) as url:
                yield url
            return
        with self._sqlite() as url:
            for file in self._sqlite_template.iterdir():
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

    @cached_property
    def _postgresql_template(self) -> str:
        name = self._server.create_database()
        _create_tables(self._server.url(name))
        return name

    @cached_property
    def _sqlite_template(self) -> Path:
        directory = self._directory / "template"
        directory.mkdir()
        _create_tables(_sqlite_url(directory))
        return directory


def _sqlite_url(directory: Path) -> str:
    return f"sqlite:///{directory / 'ledger.db'}"


def _create_tables(url: str) -> None:
    create(Settings.read({"LEDGER_DATABASE_URL": url}))
