"""Ledgers behind HTTP: one per test, or one that a module's harmless cases share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.wire import Wire
from tests.servers import PostgresServer


@pytest.fixture
def wire(store_url: str) -> Iterator[Wire]:
    """An empty ledger of the test's own."""
    wire = Wire(store_url)
    yield wire
    wire.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A database for all tests of a module that only compare before and after."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('shared') / 'ledger.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgresql")
    name = server.create_database()
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture(scope="module")
def shared(shared_url: str) -> Iterator[Wire]:
    """The module's ledger."""
    wire = Wire(shared_url)
    yield wire
    wire.close()
