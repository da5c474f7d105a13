"""Durable means durable, whatever the database was told to do by others."""

from __future__ import annotations

from sqlalchemy import create_engine, text

from ledger import Ledger


def test_commits_are_flushed(store_url: str) -> None:
    """An append is on the disk before it is acknowledged, on whichever connection."""
    ledger = Ledger.open(store_url, create=True)
    setting = "PRAGMA synchronous" if is_sqlite(ledger) else "SHOW synchronous_commit"
    with ledger.engine.connect() as one, ledger.engine.connect() as other:
        found = {str(each.exec_driver_sql(setting).scalar()) for each in (one, other)}
    ledger.close()

    assert found == {"2" if is_sqlite(ledger) else "on"}


def test_a_careless_default_is_overruled(store_url: str) -> None:
    """A PostgreSQL database set to acknowledge before it writes does not do so for the log."""
    ledger = Ledger.open(store_url, create=True)
    if not is_sqlite(ledger):
        engine = create_engine(store_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as admin:
            admin.execute(
                text(f"ALTER DATABASE {engine.url.database} SET synchronous_commit = off")
            )
        engine.dispose()
    ledger.close()

    test_commits_are_flushed(store_url)


def is_sqlite(ledger: Ledger) -> bool:
    return ledger.engine.dialect.name == "sqlite"
