"""What becomes of each delivery of a batch, decided inside the critical section."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from ledger.event import Delivery, Event, Fact, Quarantined, Reason, quarantine
from ledger.store.record import Recorded

__all__ = ["Appended", "Batch", "Before", "columns_of", "reused", "topic_of"]

Status = Literal["stored", "duplicate", "quarantined"]


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of one delivery; a duplicate has the first one's position.

    ``conflict``: a duplicate whose body differs in more than ``pending_webhooks``.
    """

    status: Status
    position: int
    conflict: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """The row that has an identity already."""

    position: int
    object_id: str | None
    type: str
    body: bytes

    def is_of(self, event: Event) -> bool:
        """Whether the event is about the same thing; else its id was used twice."""
        return (event.object_id, event.type) == (self.object_id, self.type)


def reused(deliveries: Sequence[Delivery], known: Mapping[str, Before]) -> dict[int, Quarantined]:
    """The deliveries whose id an event of another object or type has, by their place."""
    first: dict[str, Event] = {}
    found: dict[int, Quarantined] = {}
    for index, delivery in enumerate(deliveries):
        event = delivery.fact
        if not isinstance(event, Event):
            continue
        before = known.get(event.id)
        other = first.setdefault(event.id, event)
        same = (other.object_id, other.type) == (event.object_id, event.type)
        if not (before.is_of(event) if before is not None else same):
            found[index] = quarantine(delivery.body, Reason.ID_REUSE)
    return found


class Batch:
    """Decides, inside the critical section, what each delivery of a batch becomes."""

    def __init__(self, known: dict[str, Before], versions: dict[UUID, int], position: int) -> None:
        self._known = known
        self._versions = versions
        self._position = position
        self.recorded: list[Any] = []

    def take(self, delivery: Delivery, fact: Fact) -> Appended:
        """Store it as what it is, or tell of which row it is a duplicate."""
        before = self._known.get(fact.identity)
        if before is None:
            return self._store(delivery, fact)
        conflict = _differ(before.body, delivery.body)
        return Appended("duplicate", before.position, conflict, _reason(fact))

    def _store(self, delivery: Delivery, fact: Fact) -> Appended:
        self._position += 1
        stream = fact.originator_id
        version = self._versions[stream] = self._versions.get(stream, 0) + 1
        columns = columns_of(fact, received_at=delivery.received_at, source=delivery.source)
        self.recorded.append(Recorded(stream, version, topic_of(fact), delivery.body, columns))
        self._known[fact.identity] = Before(
            self._position, columns["stream"], columns["type"], delivery.body
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


def _reason(fact: Fact) -> str | None:
    return None if isinstance(fact, Event) else str(fact.reason)


def _differ(stored: bytes, delivered: bytes) -> bool:
    if stored == delivered:
        return False
    try:
        one, other = json.loads(stored), json.loads(delivered)
        one.pop("pending_webhooks", None), other.pop("pending_webhooks", None)
        # As texts: to Python 1, 1.0 and true are the same.
        return json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True)
    except (ValueError, AttributeError, RecursionError):
        return True
