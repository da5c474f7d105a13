"""Fixtures: a ledger on each database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger import Ledger


@pytest.fixture
def ledger(store_url: str) -> Iterator[Ledger]:
    """An empty ledger; the test runs once on each database."""
    ledger = Ledger.open(store_url, create=True)
    yield ledger
    ledger.close()
