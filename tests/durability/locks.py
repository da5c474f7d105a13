"""Holds the lock that every append takes, as a long transaction of another client would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, text


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Block every append until the end of the block."""
    engine = create_engine(url)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("SELECT * FROM ledger_events_head FOR UPDATE"))
        yield
        connection.rollback()
    engine.dispose()
