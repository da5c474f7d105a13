"""The databases of a process: the log and its projections, opened and closed together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import inspect, make_url
from sqlalchemy.exc import SQLAlchemyError

from api.config.settings import Settings
from api.console.sessions import Sessions
from api.keys import KeyStore
from api.notify.addresses import Networks
from api.notify.stores import NotifyStores
from api.stripe.tables import create_tables
from ledger import ConfigurationError, Ledger, LedgerError, StoreUnavailable, database
from ledger.database import explain
from ledger.urls import without_secrets
from projections import Journal, Projections


@contextmanager
def stores(settings: Settings, *, create: bool = False) -> Iterator[tuple[Ledger, Projections]]:
    """The configured ledger and its projections; closed at the end of the block."""
    ledger = Ledger.open(
        settings.database_url,
        create=create,
        lock_timeout_ms=settings.lock_timeout_ms,
        pool_size=settings.pool_size,
    )
    try:
        projections = Projections.open(ledger, personal_data=settings.personal_data)
        try:
            yield ledger, projections
        finally:
            projections.close()
    finally:
        ledger.close()


def create(settings: Settings) -> None:
    """Create the tables that are missing; any number of processes may do so at once."""
    with stores(settings, create=True) as (ledger, projections):
        projections.create()
        KeyStore(ledger.engine).create_table()
        create_tables(ledger.engine)
        Sessions(ledger.engine).create_table()
        with closing(notify_of(settings, ledger, projections)) as notify:
            notify.create()
        with closing(Journal.open(ledger)) as journal:
            journal.create()


def checkpoint(settings: Settings) -> bool:
    """Make SQLite's files whole without what is beside them; whether nothing kept them from it.

    For the last process of a ledger, at its end. Raises `StoreUnavailable`.
    """
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite" or not Path(url.database or "").is_file():
        return True
    with stores(settings) as (ledger, projections):
        with (
            closing(notify_of(settings, ledger, projections)) as notify,
            closing(Journal.open(ledger)) as journal,
        ):
            engines = [ledger.engine, projections.catalog.engine, notify.feed.engine]
            if journal.exists():
                engines.append(journal.engine)
            # All of them, also where the first is in use.
            is_whole = [database.checkpoint(engine) for engine in engines]
        return all(is_whole)


@contextmanager
def existing(settings: Settings) -> Iterator[tuple[Ledger, Projections]]:
    """The stores of a ledger that exists already: a mistyped URL must not create an empty one.

    Raises `ConfigurationError` where there is none, `StoreUnavailable` without a connection.
    """
    missing = ConfigurationError(
        f"there is no ledger at {without_secrets(settings.database_url)};"
        " `ledger serve` and `ledger import` create one, LEDGER_DATABASE_URL says where"
    )
    file = sqlite_file(settings.database_url)
    if file is not None and not file.is_file():
        raise missing
    with stores(settings) as (ledger, projections):
        try:
            has_log = inspect(ledger.engine).has_table(ledger.log.table.name)
        except SQLAlchemyError as error:
            raise StoreUnavailable(f"the database cannot be reached: {explain(error)}") from error
        if not has_log:
            raise missing
        yield ledger, projections


@contextmanager
def existing_notify(settings: Settings) -> Iterator[tuple[Ledger, NotifyStores]]:
    """A ledger that exists already, and what handing out needs, which is made if it is missing.

    Raises as `existing` does.
    """
    with (
        existing(settings) as (ledger, projections),
        closing(notify_of(settings, ledger, projections)) as notify,
    ):
        notify.create()
        yield ledger, notify


@contextmanager
def existing_journal(settings: Settings) -> Iterator[tuple[Ledger, Projections, Journal]]:
    """A ledger that exists already, and its journal, whose tables are made if they are missing.

    Raises as `existing` does.
    """
    with (
        existing(settings) as (ledger, projections),
        closing(Journal.open(ledger)) as journal,
    ):
        journal.create()
        yield ledger, projections, journal


def notify_of(settings: Settings, ledger: Ledger, projections: Projections) -> NotifyStores:
    """What handing out needs, opened beside a ledger; the caller closes it."""
    return NotifyStores.open(ledger, projections, networks=Networks(settings.subscriber_networks))


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite database; None on PostgreSQL."""
    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def probe(url: str) -> str | None:
    """Why a database cannot be reached; None when it can."""
    file = sqlite_file(url)
    if file is not None and not file.exists() and file.absolute().parent.is_dir():
        return None  # it will be made
    try:
        ledger = Ledger.open(url)
        try:
            with ledger.engine.connect():
                return None
        finally:
            ledger.close()
    except (SQLAlchemyError, LedgerError) as error:
        return f"LEDGER_DATABASE_URL: {without_secrets(url)} cannot be reached: {explain(error)}"
