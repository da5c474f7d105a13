"""The ledger itself: an event-sourced application whose events are what Stripe signed."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import DataError, IntegrityError, Mapper, PersistenceError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from ledger.database import explain
from ledger.errors import StoreUnavailable
from ledger.event import Delivery, Fact
from ledger.log import Log
from ledger.store.batch import Appended, Batch, Before, reused
from ledger.store.datastore import LedgerFactory
from ledger.store.mapper import LedgerMapper
from ledger.store.recorder import LedgerRecorder, Section
from ledger.store.statements import Wanted
from ledger.store.tables import HEAD

__all__ = ["Appended", "Ledger", "Rejected"]


class Rejected(StoreUnavailable):
    """The database refused the rows themselves; one at a time the good ones get in."""


class Ledger(Application[UUID]):
    """Appends verified deliveries to the log, verbatim and for ever."""

    name = "ledger"

    @classmethod
    def open(
        cls, url: str, *, create: bool = False, lock_timeout_ms: int = 3000, pool_size: int = 5
    ) -> Ledger:
        """The ledger at ``url``; with ``create``, its tables are made where they are missing.

        Raises ``ConfigurationError`` for a wrong URL, ``StoreUnavailable`` when ``create`` finds
        no database to make tables in.
        """
        try:
            return cls(
                {
                    "PERSISTENCE_MODULE": f"{LedgerFactory.__module__}:{LedgerFactory.__name__}",
                    "SQLALCHEMY_URL": url,
                    "CREATE_TABLE": "yes" if create else "no",
                    "LOCK_TIMEOUT_MS": str(lock_timeout_ms),
                    "POOL_SIZE": str(pool_size),
                }
            )
        except (SQLAlchemyError, PersistenceError) as error:
            raise StoreUnavailable(f"the database cannot be reached: {explain(error)}") from error

    def construct_mapper(self) -> Mapper[UUID]:
        """Ours: bodies are stored as they came."""
        return self.factory.mapper(
            transcoder=self.construct_transcoder(), mapper_class=LedgerMapper
        )

    @property
    def _recorder(self) -> LedgerRecorder:
        assert isinstance(self.recorder, LedgerRecorder)
        return self.recorder

    @property
    def engine(self) -> Engine:
        """The engine of the log's database."""
        return self._recorder.engine

    @property
    def log(self) -> Log:  # type: ignore[override]  # the library deprecated its own `log`
        """The read side of the log."""
        assert isinstance(self.mapper, LedgerMapper)
        body = None if self.mapper.is_verbatim else self.mapper.body
        return Log(self.engine, self._recorder.table, HEAD, body)

    def append(self, deliveries: Sequence[Delivery]) -> list[Appended]:
        """Append in one transaction, in this order; an answer per delivery once it is durable.

        Raises ``Rejected`` where the database refuses a row (no row is written then), and
        ``StoreUnavailable`` where it cannot commit or its answer was lost.
        """
        try:
            return self._append(deliveries)
        except (IntegrityError, DataError) as error:
            raise Rejected(f"the database refused a row: {explain(_cause(error))}") from error
        except (PersistenceError, SQLAlchemyError, OSError) as error:
            raise StoreUnavailable(f"nothing was committed: {explain(_cause(error))}") from error

    def _append(self, deliveries: Sequence[Delivery]) -> list[Appended]:
        facts = [delivery.fact for delivery in deliveries]
        with self._recorder.critical_section(_wanted(facts)) as section:
            twice = reused(deliveries, self._before(section))
            if twice:
                # Rare: whether the very same reuse was quarantined before has to be asked too.
                section.look(_wanted(list(twice.values())))
            batch = Batch(self._before(section), section.versions, section.position)
            answers = [
                batch.take(delivery, twice.get(index, delivery.fact))
                for index, delivery in enumerate(deliveries)
            ]
            self.events.put(batch.recorded, section=section)
        return answers

    def _before(self, section: Section) -> dict[str, Before]:
        assert isinstance(self.mapper, LedgerMapper)
        body = self.mapper.body
        return {
            name: Before(row.position, row.stream, row.type, body(row.state))
            for name, row in section.known.items()
        }

    def close(self) -> None:
        """Give the connections back."""
        super().close()
        self.factory.close()


def _wanted(facts: Sequence[Fact]) -> Wanted:
    return Wanted(
        tuple({fact.identity for fact in facts}), tuple({fact.originator_id for fact in facts})
    )


def _cause(error: BaseException) -> BaseException:
    return error.args[0] if error.args and isinstance(error.args[0], BaseException) else error
