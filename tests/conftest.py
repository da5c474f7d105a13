"""What every test may ask for: an empty database, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import pytest

from api.config.settings import is_ours
from tests.servers import PostgresServer, SharedPostgres

SHARED_POSTGRES = pytest.StashKey[SharedPostgres]()


class FreshDatabase(Protocol):
    """Makes an empty database of a dialect ("sqlite", "postgresql") and returns its URL."""

    def __call__(self, dialect: str) -> str: ...


def pytest_configure(config: pytest.Config) -> None:
    """The first process of the run owns the server; xdist's workers only use it."""
    for name in filter(is_ours, list(os.environ)):  # a developer's own settings are no test's
        del os.environ[name]
    if not hasattr(config, "workerinput"):
        config.stash[SHARED_POSTGRES] = SharedPostgres()


def pytest_unconfigure(config: pytest.Config) -> None:
    """No server outlives the run."""
    if SHARED_POSTGRES in config.stash:
        config.stash[SHARED_POSTGRES].close()


@pytest.fixture(scope="session")
def postgresql() -> PostgresServer:
    """The PostgreSQL server that all tests share; a test that kills one takes `own_postgres`."""
    return SharedPostgres.connect()


@pytest.fixture(scope="session")
def background() -> Iterator[ThreadPoolExecutor]:
    """Where databases are dropped: each drop waits for a checkpoint, the next test need not."""
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture
def fresh_database(
    request: pytest.FixtureRequest, background: ThreadPoolExecutor, tmp_path: Path
) -> Iterator[FreshDatabase]:
    """A function that gives an empty database each time, for tests that need several."""
    numbers = itertools.count(1)
    made: list[str] = []

    def fresh(dialect: str) -> str:
        if dialect == "sqlite":
            return f"sqlite:///{tmp_path / f'ledger{next(numbers)}.db'}"
        server: PostgresServer = request.getfixturevalue("postgresql")
        made.append(server.create_database())
        return server.url(made[-1])

    yield fresh
    for name in made:
        background.submit(request.getfixturevalue("postgresql").drop_database, name)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, fresh_database: FreshDatabase) -> str:
    """The URL of an empty database; the test runs once on each of the two."""
    return fresh_database(request.param)
