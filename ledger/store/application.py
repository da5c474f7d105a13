"""The ledger: an event-sourced application whose events are bodies that Stripe signed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import DataError, IntegrityError, Mapper, PersistenceError
from eventsourcing.utils import Environment, EnvType
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from ledger.database import explain, open_engine
from ledger.errors import StoreUnavailable
from ledger.event import Delivery, Fact
from ledger.limits import BATCHES, Limits
from ledger.log import Log
from ledger.snapshot import Snapshot
from ledger.store.batch import Appended, Batch, reused_ids
from ledger.store.datastore import LedgerFactory
from ledger.store.existing import ExistingRow
from ledger.store.mapper import LedgerMapper
from ledger.store.recorder import LedgerRecorder, Section
from ledger.store.recording import (
    Moved,
    RecordedSnapshot,
    record,
    refuse_moved,
)
from ledger.store.statements import Lookup
from ledger.store.tables import NEWEST_HEAD
from ledger.urls import database_url

__all__ = ["Appended", "Ledger", "RecordedSnapshot", "Rejected"]


class Rejected(StoreUnavailable):
    """The database refused a row; appended one at a time, the other rows are accepted."""


class Ledger(Application[UUID]):
    """Appends verified deliveries to the log, verbatim."""

    name = "ledger"

    engine: Engine
    """The engine of all that is no append."""
    limits: Limits
    """The limits of its transactions."""

    @classmethod
    def open(
        cls,
        url: str,
        *,
        create: bool = False,
        lock_timeout_ms: int = 3000,
        pool_size: int = 10,
        limits: Limits = BATCHES,
        codec: Mapping[str, str] = MappingProxyType({}),
    ) -> Ledger:
        """The ledger at ``url``; with ``create``, tables that are missing are created.

        ``pool_size`` and ``limits`` are of the connections that read; appends have their own.
        ``codec`` are the library's settings of a compressor and a cipher: whoever stores bodies
        with them has to read the log with the same ones, for ever.

        Raises ``ConfigurationError`` for a wrong URL, and ``StoreUnavailable`` where ``create``
        cannot reach or write the database.
        """
        try:
            ledger = cls(
                {
                    **codec,
                    "PERSISTENCE_MODULE": f"{LedgerFactory.__module__}:{LedgerFactory.__name__}",
                    "SQLALCHEMY_URL": url,
                    "CREATE_TABLE": "yes" if create else "no",
                    "LOCK_TIMEOUT_MS": str(lock_timeout_ms),
                }
            )
        except (SQLAlchemyError, PersistenceError) as error:
            raise StoreUnavailable(f"the database cannot be reached: {explain(error)}") from error
        ledger.engine = open_engine(database_url(url), limits=limits, pool_size=pool_size)
        ledger.limits = limits
        return ledger

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """The library's settings: those that ``open`` gives, and none of the process's environment.

        There, a compressor that is meant for another program would change what is stored.
        """
        return Environment(name, dict(env or {}))

    def construct_mapper(self) -> Mapper[UUID]:
        """A mapper that stores bodies verbatim."""
        return self.factory.mapper(
            transcoder=self.construct_transcoder(), mapper_class=LedgerMapper
        )

    @property
    def _recorder(self) -> LedgerRecorder:
        assert isinstance(self.recorder, LedgerRecorder)
        return self.recorder

    @property
    def append_engine(self) -> Engine:
        """The engine of appends alone."""
        return self._recorder.engine

    @property
    def log(self) -> Log:  # type: ignore[override]  # the library deprecated its own `log`
        """The read side of the log."""
        assert isinstance(self.mapper, LedgerMapper)
        decode = None if self.mapper.is_verbatim else self.mapper.decode
        return Log(self.engine, self._recorder.table, NEWEST_HEAD, decode)

    def append(self, deliveries: Sequence[Delivery]) -> list[Appended]:
        """Append deliveries in one transaction, in this order; returns a result for each.

        When it returns, all are durable. Raises ``Rejected`` where the database refuses a row (no
        row is written then), and ``StoreUnavailable`` where it cannot commit, or where its answer
        was lost and it is unknown whether it did.
        """
        return self._append(deliveries)

    def _append(
        self, deliveries: Sequence[Delivery], versions: Mapping[UUID, int] | None = None
    ) -> list[Appended]:
        """``append``; with ``versions``, raises ``Moved`` where a stream has another one by now."""
        try:
            return self._written(deliveries, versions)
        except (IntegrityError, DataError) as error:
            raise Rejected(f"the database refused a row: {explain(_cause(error))}") from error
        except (PersistenceError, SQLAlchemyError, OSError) as error:
            raise StoreUnavailable(f"nothing was committed: {explain(_cause(error))}") from error

    def record(
        self,
        snapshots: Iterable[Snapshot],
        *,
        repeat: bool = False,
        received_at: int | None = None,
    ) -> list[RecordedSnapshot]:
        """Append what Stripe answered, in this order; returns a result for each.

        Left out is what the object's newest entries in the log (events or records, by `created`)
        show just so, unless ``repeat``: where a row is wrong although they do. ``received_at`` is
        in microseconds since 1970, the present if None. Raises what ``append`` raises, and
        ``SnapshotRefused`` before anything is written.
        """
        received_at = time.time_ns() // 1000 if received_at is None else received_at
        deliveries = [snapshot.delivery(received_at) for snapshot in snapshots]
        while True:
            try:
                return record(self.log, self._append, deliveries, repeat=repeat)
            except Moved:
                # A webhook of one of the objects came in between, and may show more.
                continue

    def _written(
        self, deliveries: Sequence[Delivery], versions: Mapping[UUID, int] | None
    ) -> list[Appended]:
        facts = [delivery.fact for delivery in deliveries]
        with self._recorder.critical_section(_lookup(facts)) as section:
            if versions is not None:
                refuse_moved(facts, versions, section.versions)
            reused = reused_ids(deliveries, self._existing(section))
            if reused:
                # Rare: whether the very same reuse was quarantined before is looked up too.
                section.look_up(_lookup(list(reused.values())))
            batch = Batch(self._existing(section), section.versions, section.position)
            results = [
                batch.add(delivery, reused.get(index, delivery.fact))
                for index, delivery in enumerate(deliveries)
            ]
            self.events.put(batch.recorded, section=section)
        return results

    def _existing(self, section: Section) -> dict[str, ExistingRow]:
        """The rows that were looked up, their bodies decoded."""
        assert isinstance(self.mapper, LedgerMapper)
        decode = self.mapper.decode
        return {
            identity: row._replace(body=decode(row.body))
            for identity, row in section.existing.items()
        }

    def close(self) -> None:
        """Close the connections."""
        super().close()
        self.factory.close()
        self.engine.dispose()


def _lookup(facts: Sequence[Fact]) -> Lookup:
    return Lookup(
        tuple({fact.identity for fact in facts}), tuple({fact.originator_id for fact in facts})
    )


def _cause(error: BaseException) -> BaseException:
    return error.args[0] if error.args and isinstance(error.args[0], BaseException) else error
