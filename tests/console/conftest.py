"""A ledger with a console, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.client import ApiClient
from tests.conftest import WithLedger
from tests.console.browser import SESSION_SECRET, Browser

CHANGES = {"session_secrets": (SESSION_SECRET,)}


@pytest.fixture(params=["sqlite", "postgresql"])
def client(request: pytest.FixtureRequest, with_ledger: WithLedger) -> Iterator[ApiClient]:
    """An empty ledger of the test's own."""
    with with_ledger(request.param) as url:
        client = ApiClient(url, dict(CHANGES))
        yield client
        client.close()


@pytest.fixture(scope="module")
def shared(with_ledger: WithLedger) -> Iterator[ApiClient]:
    """A ledger on SQLite that the tests of a module share."""
    with with_ledger("sqlite") as url:
        client = ApiClient(url, dict(CHANGES))
        yield client
        client.close()


@pytest.fixture
def browser(shared: ApiClient) -> Browser:
    """Somebody who is signed in with a key of scope full."""
    browser = Browser(shared)
    assert browser.sign_in().status_code == 303
    return browser
