"""The ledger itself: an event-sourced application whose events are what Stripe signed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import DataError, IntegrityError, Mapper, PersistenceError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from ledger.database import explain
from ledger.errors import StoreUnavailable
from ledger.event import Delivery, Event, Fact, Quarantined, Reason, quarantine
from ledger.log import Log
from ledger.store.datastore import LedgerFactory
from ledger.store.mapper import LedgerMapper
from ledger.store.record import Recorded
from ledger.store.recorder import Known, LedgerRecorder
from ledger.store.tables import HEAD

__all__ = ["Appended", "Ledger", "Rejected"]

Status = Literal["stored", "duplicate", "quarantined"]


class Rejected(StoreUnavailable):
    """The database refused the rows themselves; one at a time the good ones get in."""


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of one delivery; a duplicate has the first one's position.

    ``conflict``: a duplicate whose body differs in more than ``pending_webhooks``.
    """

    status: Status
    position: int
    conflict: bool = False
    reason: str | None = None


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
        return Log(self.engine, self._recorder.table, HEAD, self.mapper.body)

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
        with self._recorder.critical_section() as session:
            facts = [delivery.fact for delivery in deliveries]
            names = {fact.identity for fact in facts}
            # A reused id is quarantined by its body; whether that happened before is asked too.
            spare = [quarantine(d.body, Reason.ID_REUSE) for d in deliveries]
            names.update(fact.identity for fact in spare)
            streams = {fact.originator_id for fact in (*facts, *spare[:1])}
            known, versions = self._recorder.known(session, sorted(names), sorted(streams))
            batch = _Batch(known, versions, session.info["head"].position, self.mapper)
            answers = [
                batch.take(delivery, reused)
                for delivery, reused in zip(deliveries, spare, strict=True)
            ]
            self.events.put(batch.recorded, session=session)
        return answers

    def close(self) -> None:
        """Give the connections back."""
        super().close()
        self.factory.close()


class _Batch:
    """Decides, inside the critical section, what each delivery of a batch becomes."""

    def __init__(
        self,
        known: dict[str, Known],
        versions: dict[UUID, int],
        position: int,
        mapper: Mapper[UUID],
    ) -> None:
        assert isinstance(mapper, LedgerMapper)
        self._known = known
        self._versions = versions
        self._position = position
        self._mapper = mapper
        self.recorded: list[Any] = []

    def take(self, delivery: Delivery, reused: Quarantined) -> Appended:
        """Store it, or tell of which row it is a duplicate."""
        fact = delivery.fact
        before = self._known.get(fact.identity)
        if before is not None and isinstance(fact, Event) and not _is_same(fact, before):
            fact, before = reused, self._known.get(reused.identity)
        if before is None:
            return self._store(delivery, fact)
        conflict = before.state is not delivery.body and _differ(
            self._mapper.body(before.state), delivery.body
        )
        return Appended("duplicate", before.position, conflict, _reason(fact))

    def _store(self, delivery: Delivery, fact: Fact) -> Appended:
        self._position += 1
        version = self._versions.get(fact.originator_id, 0) + 1
        self._versions[fact.originator_id] = version
        columns = columns_of(fact, received_at=delivery.received_at, source=delivery.source)
        self.recorded.append(
            Recorded(
                originator_id=fact.originator_id,
                originator_version=version,
                topic=topic_of(fact),
                body=delivery.body,
                columns=columns,
            )
        )
        state = self._mapper.to_stored_event(self.recorded[-1]).state
        self._known[fact.identity] = Known(
            self._position, columns["stream"], columns["type"], state
        )
        status: Status = "stored" if isinstance(fact, Event) else "quarantined"
        return Appended(status, self._position, reason=_reason(fact))


def topic_of(fact: Fact) -> str:
    """The topic of a row: a stable name, never a module path."""
    return f"stripe:{fact.type}" if isinstance(fact, Event) else f"quarantine:{fact.reason}"


def columns_of(fact: Fact, *, received_at: int, source: str) -> dict[str, Any]:
    """The columns of a row that are derived from its body, and the two that are not."""
    columns: dict[str, Any]
    if isinstance(fact, Event):
        columns = {
            "stream": fact.object_id,
            "type": fact.type,
            "account": fact.account,
            "livemode": fact.livemode,
            "api_version": fact.api_version,
            "created": fact.created,
        }
    else:
        columns = {
            "stream": None,
            "type": f"quarantine.{fact.reason}",
            "account": None,
            "livemode": None,
            "api_version": None,
            "created": received_at // 1_000_000,
        }
    return {"event_id": fact.identity, **columns, "received_at": received_at, "source": source}


def _is_same(event: Event, before: Known) -> bool:
    return event.object_id == before.stream and event.type == before.type


def _reason(fact: Fact) -> str | None:
    return None if isinstance(fact, Event) else str(fact.reason)


def _differ(stored: bytes, delivered: bytes) -> bool:
    if stored == delivered:
        return False
    try:
        one, other = json.loads(stored), json.loads(delivered)
        one.pop("pending_webhooks", None), other.pop("pending_webhooks", None)
    except (ValueError, AttributeError, RecursionError):
        return True
    return bool(one != other)


def _cause(error: BaseException) -> BaseException:
    return error.args[0] if error.args and isinstance(error.args[0], BaseException) else error
