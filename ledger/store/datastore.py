"""The library's datastore and factory, with limited waits and SQLAlchemy's own transactions."""

from __future__ import annotations

import time
from typing import Any

from eventsourcing.utils import Environment
from eventsourcing_sqlalchemy.datastore import SQLAlchemyDatastore
from eventsourcing_sqlalchemy.factory import SQLAlchemyFactory
from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from ledger.database import configure, engine_options
from ledger.limits import of_appends
from ledger.store.record import LedgerEventRecord
from ledger.store.recorder import LedgerRecorder
from ledger.urls import database_url

__all__ = ["LedgerDatastore", "LedgerFactory"]

_IDLE_SECONDS = 1.0
# One append is made at a time; the other takes the place of one whose server went away.
_CONNECTIONS = 2


class LedgerDatastore(SQLAlchemyDatastore):
    """A datastore with an engine of its own, as ``ledger.database`` configures it.

    Whatever readers do, an append finds a connection.
    """

    base_stored_event_record_cls = LedgerEventRecord
    lock_timeout_ms = 3000

    def __init__(self, *, url: str, **options: Any) -> None:
        address, limits = database_url(url), of_appends(self.lock_timeout_ms)
        options.pop("session", None)
        super().__init__(
            url=address.render_as_string(hide_password=False),
            **{
                **engine_options(address, limits=limits, pool_size=_CONNECTIONS),
                "pool_pre_ping": False,
                **options,
            },
        )
        # The library's semaphore waits without a timeout; the database's own lock waits with one.
        self.write_lock = None
        # WAL is set once, where the tables are created; checking again would cost a transaction.
        self._tried_init_sqlite_wal_mode = True
        assert isinstance(self.engine, Engine)
        configure(self.engine, limits)
        if self.engine.dialect.name == "postgresql":
            _ping_idle_connections(self.engine)


def _ping_idle_connections(engine: Engine) -> None:
    """Ping connections that were idle for a while before they are used.

    Pinging before every use is one round trip more, of the few that a lone append makes.
    """

    @event.listens_for(engine, "checkin")
    def note_time(_: Any, record: ConnectionPoolEntry) -> None:
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ping(raw: Any, record: ConnectionPoolEntry, _: Any) -> None:
        idle = time.monotonic() - record.info.get("idle_since", time.monotonic())
        if raw.closed or (idle > _IDLE_SECONDS and not _is_alive(engine, raw)):
            raise DisconnectionError("the server went away")


def _is_alive(engine: Engine, raw: Any) -> bool:
    assert engine.dialect.loaded_dbapi is not None
    try:
        return engine.dialect.do_ping(raw)
    except engine.dialect.loaded_dbapi.Error:
        return False


class LedgerFactory(SQLAlchemyFactory):
    """Constructs the recorder; adds the setting ``LOCK_TIMEOUT_MS``."""

    application_recorder_class = LedgerRecorder

    def __init__(self, env: Environment) -> None:
        class Datastore(LedgerDatastore):
            # The library's factory passes a datastore nothing but its URL.
            lock_timeout_ms = int(env.get("LOCK_TIMEOUT_MS") or LedgerDatastore.lock_timeout_ms)

        # The library declares the class invariantly; setting it on the instance is its own way.
        setattr(self, "datastore_class", Datastore)  # noqa: B010
        super().__init__(env)

    def close(self) -> None:
        """Close the connections."""
        engine = self.datastore.engine
        assert isinstance(engine, Engine)
        engine.dispose()
