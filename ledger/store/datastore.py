"""The library's datastore and factory, with bounded waits and transactions of our own."""

from __future__ import annotations

import time
from typing import Any

from eventsourcing.utils import Environment
from eventsourcing_sqlalchemy.datastore import SQLAlchemyDatastore
from eventsourcing_sqlalchemy.factory import SQLAlchemyFactory
from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from ledger.database import configure, database_url, engine_options
from ledger.store.record import LedgerEventRecord
from ledger.store.recorder import LedgerRecorder

__all__ = ["LedgerDatastore", "LedgerFactory"]

_REST_SECONDS = 1.0


class LedgerDatastore(SQLAlchemyDatastore):
    """An engine as ``ledger.database`` makes it."""

    base_stored_event_record_cls = LedgerEventRecord
    lock_timeout_ms = 3000
    pool_size = 5

    def __init__(self, *, url: str, **options: Any) -> None:
        address = database_url(url)
        options.pop("session", None)
        super().__init__(
            url=address.render_as_string(hide_password=False),
            **{
                **engine_options(
                    address, lock_timeout_ms=self.lock_timeout_ms, pool_size=self.pool_size
                ),
                "pool_pre_ping": False,
                **options,
            },
        )
        # Its semaphore waits without a timeout; the database's own lock waits with one.
        self.write_lock = None
        # WAL is set once, where the tables are made; asking again needs no transaction's while.
        self._tried_init_sqlite_wal_mode = True
        assert isinstance(self.engine, Engine)
        configure(self.engine)
        if self.engine.dialect.name == "postgresql":
            _ask_after_a_rest(self.engine)


def _ask_after_a_rest(engine: Engine) -> None:
    """Whether the server is there is asked of connections that have rested for a while.

    Asking at each turn is one trip more of the few that a lone append makes.
    """

    @event.listens_for(engine, "checkin")
    def rests(_: Any, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def begins(raw: Any, record: ConnectionPoolEntry, _: Any) -> None:
        rested = time.monotonic() - record.info.get("rests_since", time.monotonic())
        if raw.closed or (rested > _REST_SECONDS and not _answers(engine, raw)):
            raise DisconnectionError("the server went away")


def _answers(engine: Engine, raw: Any) -> bool:
    assert engine.dialect.loaded_dbapi is not None
    try:
        return engine.dialect.do_ping(raw)
    except engine.dialect.loaded_dbapi.Error:
        return False


class LedgerFactory(SQLAlchemyFactory):
    """Makes the recorder; the settings it adds are ``LOCK_TIMEOUT_MS`` and ``POOL_SIZE``."""

    application_recorder_class = LedgerRecorder

    def __init__(self, env: Environment) -> None:
        class Datastore(LedgerDatastore):
            # The library's factory passes a datastore nothing but its URL.
            lock_timeout_ms = int(env.get("LOCK_TIMEOUT_MS") or LedgerDatastore.lock_timeout_ms)
            pool_size = int(env.get("POOL_SIZE") or LedgerDatastore.pool_size)

        # The library declares the class invariantly; setting it on the instance is its own way.
        setattr(self, "datastore_class", Datastore)  # noqa: B010
        super().__init__(env)

    def close(self) -> None:
        """Give the connections back."""
        engine = self.datastore.engine
        assert isinstance(engine, Engine)
        engine.dispose()
