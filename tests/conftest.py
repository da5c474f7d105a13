"""What every test may ask for: an empty database, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from api.config.settings import is_ours
from api.keys import KeyStore
from ledger import Ledger
from projections import Projections
from tests.servers import PostgresServer, SharedPostgres

SHARED_POSTGRES = pytest.StashKey[SharedPostgres]()


# Opens a database of a dialect that has an empty ledger; gone at the end of the block.
WithLedger = Callable[[str], AbstractContextManager[str]]


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


@pytest.fixture(scope="session")
def templates(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    """Gives for a dialect a database with an empty ledger, made once: a copy is made in no time.

    On SQLite the folder of its files, on PostgreSQL its name.
    """
    by_dialect: dict[str, str] = {}

    def template(dialect: str) -> str:
        if dialect not in by_dialect:
            if dialect == "sqlite":
                by_dialect[dialect] = str(tmp_path_factory.mktemp("template"))
                _create_ledger(f"sqlite:///{by_dialect[dialect]}/ledger.db")
            else:
                server: PostgresServer = request.getfixturevalue("postgresql")
                by_dialect[dialect] = server.create_database()
                _create_ledger(server.url(by_dialect[dialect]))
        return by_dialect[dialect]

    return template


def _create_ledger(url: str) -> None:
    ledger = Ledger.open(url, create=True)
    projections = Projections.open(ledger)
    projections.create()
    projections.close()
    KeyStore(ledger.engine).create_table()
    ledger.close()


@pytest.fixture(scope="session")
def with_ledger(
    request: pytest.FixtureRequest,
    background: ThreadPoolExecutor,
    templates: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> WithLedger:
    """Gives a database with an empty ledger, as often as a test wants one."""

    @contextmanager
    def opened(dialect: str) -> Iterator[str]:
        if dialect == "sqlite":
            folder = tmp_path_factory.mktemp("ledger")
            shutil.copytree(templates(dialect), folder, dirs_exist_ok=True)
            yield f"sqlite:///{folder / 'ledger.db'}"
            shutil.rmtree(folder)
            return
        server: PostgresServer = request.getfixturevalue("postgresql")
        name = server.create_database(templates(dialect))
        yield server.url(name)
        background.submit(server.drop_database, name)

    return opened


@pytest.fixture
def fresh_database(
    request: pytest.FixtureRequest, background: ThreadPoolExecutor, tmp_path: Path
) -> Iterator[FreshDatabase]:
    """A function that gives an empty database each time, for tests that need several."""
    numbers = itertools.count(1)
    names: list[str] = []

    def fresh(dialect: str) -> str:
        if dialect == "sqlite":
            return f"sqlite:///{tmp_path / f'ledger{next(numbers)}.db'}"
        server: PostgresServer = request.getfixturevalue("postgresql")
        names.append(server.create_database())
        return server.url(names[-1])

    yield fresh
    for name in names:
        background.submit(request.getfixturevalue("postgresql").drop_database, name)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, fresh_database: FreshDatabase) -> str:
    """The URL of an empty database; the test runs once on each of the two."""
    return fresh_database(request.param)


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, with_ledger: WithLedger) -> Iterator[str]:
    """The URL of a database with an empty ledger; the test runs once on each of the two."""
    with with_ledger(request.param) as url:
        yield url
