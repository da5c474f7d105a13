"""Fixtures of the journal's tests: stores to keep logs in, with their journals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from projections.bookkeeping import Journal
from tests.projections.conftest import Opened, opened
from tests.projections.histories import Store

__all__ = ["Kept", "kept_journal", "opened"]

Kept = Callable[[str], AbstractContextManager[tuple[Store, Journal]]]


@pytest.fixture(scope="session")
def kept_journal(opened: Opened) -> Kept:
    """A function that opens an empty ledger and its journal for a block, as often as needed."""

    @contextmanager
    def beside(dialect: str) -> Iterator[tuple[Store, Journal]]:
        with opened(dialect) as store:
            journal = Journal.open(store.ledger)
            try:
                journal.create()
                yield store, journal
            finally:
                journal.close()

    return beside
