"""Holding the log's one lock, as a long transaction of somebody else's would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, text


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Nobody appends until the block ends."""
    engine = create_engine(url)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("SELECT * FROM ledger_events_head FOR UPDATE"))
        yield
        connection.rollback()
    engine.dispose()
