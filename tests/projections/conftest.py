"""Stores on databases that have their tables, and the profile with many examples per law."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from hypothesis import settings

from tests.conftest import WithLedger
from tests.projections.histories import Store

Opened = Callable[[str], AbstractContextManager[Store]]

# `HYPOTHESIS_PROFILE=thorough pytest tests/projections`: half an hour instead of two minutes.
settings.register_profile("thorough", max_examples=1000)
if os.environ.get("HYPOTHESIS_PROFILE") == "thorough":
    settings.load_profile("thorough")


@pytest.fixture(scope="session")
def opened(with_ledger: WithLedger) -> Opened:
    """A function that opens an empty store of a dialect for a block, as often as needed."""

    @contextmanager
    def opened(dialect: str) -> Iterator[Store]:
        with with_ledger(dialect) as url:
            store = Store.open(url)
            try:
                yield store
            finally:
                store.close()

    return opened


@pytest.fixture
def store_url(ledger_url: str) -> str:
    """The URL of a new ledger's database: its tables exist."""
    return ledger_url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty store; the test runs once on each database."""
    store = Store.open(store_url)
    yield store
    store.close()
