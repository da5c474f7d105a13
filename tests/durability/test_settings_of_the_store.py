"""Appends are durable and isolated, whatever the database's own settings are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import create_engine, text

from ledger import Ledger
from tests.ledger.deliveries import body, delivered


def test_commits_are_flushed(store_url: str) -> None:
    """On every connection, a commit waits until it is on the disk."""
    ledger = Ledger.open(store_url, create=True)
    setting = "PRAGMA synchronous" if is_sqlite(ledger) else "SHOW synchronous_commit"
    with ledger.append_engine.connect() as first, ledger.append_engine.connect() as second:
        values = {str(each.exec_driver_sql(setting).scalar()) for each in (first, second)}
    ledger.close()

    assert values == {"2" if is_sqlite(ledger) else "on"}


def test_a_careless_default_is_overruled(store_url: str) -> None:
    """A PostgreSQL database that commits asynchronously by default does not do so for the log."""
    set_for_all(store_url, "synchronous_commit = off")

    test_commits_are_flushed(store_url)


def test_a_careless_isolation_is_overruled(store_url: str) -> None:
    """Of two writers at once each sees what the other wrote, whatever the default isolation is."""
    set_for_all(store_url, "default_transaction_isolation = 'serializable'")
    writers = [Ledger.open(store_url, create=True) for _ in range(2)]
    with ThreadPoolExecutor() as pool:
        for number in range(20):
            batch = [delivered(body(number)), delivered(body(number + 1))]
            appends = [pool.submit(writer.append, batch) for writer in writers]
            positions = {tuple(each.position for each in append.result()) for append in appends}
            assert positions == {(number + 1, number + 2)}
    for writer in writers:
        writer.close()


def set_for_all(store_url: str, setting: str) -> None:
    """Set a default of new connections to a PostgreSQL database; SQLite has no such settings."""
    engine = create_engine(store_url, isolation_level="AUTOCOMMIT")
    if engine.dialect.name == "postgresql":
        with engine.connect() as admin:
            admin.execute(text(f"ALTER DATABASE {engine.url.database} SET {setting}"))
    engine.dispose()


def is_sqlite(ledger: Ledger) -> bool:
    return ledger.engine.dialect.name == "sqlite"
