"""Ledgers behind HTTP: one per test, or one that the tests of a module share."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger import Ledger
from projections import Projections
from tests.api.client import ApiClient
from tests.servers import PostgresServer

DATABASES = ["sqlite", "postgresql"]


@pytest.fixture(scope="session")
def template(postgresql: PostgresServer) -> Iterator[str]:
    """A PostgreSQL database with an empty ledger: a copy of it is made in half the time."""
    name = postgresql.create_database()
    ledger = Ledger.open(postgresql.url(name), create=True)
    projections = Projections.open(ledger)
    projections.create()
    projections.close()
    ledger.close()
    yield name
    postgresql.drop_database(name)


@contextmanager
def empty_ledger(request: pytest.FixtureRequest, database: str, directory: Path) -> Iterator[str]:
    """The URL of a database for a new ledger."""
    if database == "sqlite":
        yield f"sqlite:///{directory / 'ledger.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgresql")
    background: ThreadPoolExecutor = request.getfixturevalue("background")
    name = server.create_database(request.getfixturevalue("template"))
    yield server.url(name)
    background.submit(server.drop_database, name)


@pytest.fixture(params=DATABASES)
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ApiClient]:
    """An empty ledger of the test's own."""
    with empty_ledger(request, request.param, tmp_path) as url:
        client = ApiClient(url)
        yield client
        client.close()


@pytest.fixture(scope="module", params=DATABASES)
def shared_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A database for the tests of a module that only compare what was before with what is after."""
    with empty_ledger(request, request.param, tmp_path_factory.mktemp("shared")) as url:
        yield url


@pytest.fixture(scope="module")
def shared(shared_url: str) -> Iterator[ApiClient]:
    """A ledger that the tests of a module share."""
    client = ApiClient(shared_url)
    yield client
    client.close()
