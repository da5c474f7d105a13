"""The tables of handing out, empty, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Engine

from api.notify.attempts import Attempts
from api.notify.deliveries import Deliveries, Due
from api.notify.subscribers import Subscribers
from api.notify.tables import create_tables
from ledger import BATCHES, database_url
from ledger.database import open_engine
from tests.projections.conftest import opened
from tests.projections.histories import Store

__all__ = ["Facts", "facts", "opened", "store"]

TYPES = ("order.paid", "order.refunded", "dispute.lost", "dispute.won")


@dataclass
class Facts:
    """The facts in a database, with a log's head that a test sets."""

    engine: Engine
    head: int = 0
    subscribers: Subscribers = field(init=False)

    def __post_init__(self) -> None:
        self.deliveries = Deliveries(self.engine)
        self.attempts = Attempts(self.engine)
        self.subscribers = Subscribers(self.engine, head=lambda: self.head, types=TYPES)


@pytest.fixture
def facts(store_url: str) -> Iterator[Facts]:
    """The tables of facts, empty; the test runs once on each database."""
    engine = open_engine(database_url(store_url), limits=BATCHES, pool_size=10)
    create_tables(engine)
    yield Facts(engine)
    engine.dispose()


def due(number: int, row: str = "", type: str = "order.paid") -> Due:
    """The notification at a position, about a row of its own unless one is named."""
    key = (row or f"row {number}").encode()
    return Due(f"ntf_{number}", type, number, 0, key, b'{"data":{"id":"ntf_%d"}}' % number)


@pytest.fixture
def store(ledger_url: str) -> Iterator[Store]:
    """An empty ledger with its projections; the test runs once on each database."""
    store = Store.open(ledger_url)
    yield store
    store.close()
