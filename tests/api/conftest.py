"""Ledgers behind HTTP: one per test, or one that the tests of a module share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.client import ApiClient
from tests.conftest import WithLedger

DATABASES = ["sqlite", "postgresql"]


@pytest.fixture(params=DATABASES)
def client(request: pytest.FixtureRequest, with_ledger: WithLedger) -> Iterator[ApiClient]:
    """An empty ledger of the test's own."""
    with with_ledger(request.param) as url:
        client = ApiClient(url)
        yield client
        client.close()


@pytest.fixture(scope="module", params=DATABASES)
def shared_url(request: pytest.FixtureRequest, with_ledger: WithLedger) -> Iterator[str]:
    """A database for the tests of a module that only compare what was before with what is after."""
    with with_ledger(request.param) as url:
        yield url


@pytest.fixture(scope="module")
def shared(shared_url: str) -> Iterator[ApiClient]:
    """A ledger that the tests of a module share."""
    client = ApiClient(shared_url)
    yield client
    client.close()
