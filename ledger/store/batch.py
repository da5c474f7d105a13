"""A batch of deliveries: each becomes an event, a duplicate or quarantined, and this says which."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from ledger.event import Delivery, Event, Fact, Quarantined, Reason, quarantine
from ledger.recorded import ENVELOPE
from ledger.store.existing import ExistingRow
from ledger.store.record import Recorded

__all__ = ["Appended", "Batch", "envelope_of", "reused_ids", "topic_of"]

Status = Literal["stored", "duplicate", "quarantined"]


@dataclass(frozen=True, slots=True)
class Appended:
    """The result of one delivery; a duplicate has the first one's position.

    ``conflict``: a duplicate whose body differs in more than ``pending_webhooks``, both having come
    as webhooks: what was fetched or imported may be rendered otherwise. ``was_fetched``: a webhook
    of an event that was fetched before it came.
    """

    status: Status
    position: int
    conflict: bool = False
    was_fetched: bool = False
    reason: str | None = None


def reused_ids(
    deliveries: Sequence[Delivery], existing: Mapping[str, ExistingRow]
) -> dict[int, Quarantined]:
    """The deliveries whose id an event of another object or type has, by their index."""
    first: dict[str, tuple[str | None, str]] = {}
    reused: dict[int, Quarantined] = {}
    for index, delivery in enumerate(deliveries):
        event = delivery.fact
        if not isinstance(event, Event):
            continue
        content = (event.object_id, event.type)
        row = existing.get(event.id)
        expected = first.setdefault(event.id, content) if row is None else (row.stream, row.type)
        if content != expected:
            reused[index] = quarantine(delivery.body, Reason.ID_REUSE)
    return reused


class Batch:
    """Decides, inside the critical section, what each delivery of a batch becomes.

    ``existing`` are rows by identity, ``versions`` the last version of each stream, ``position``
    the head's. ``recorded`` collects what has to be written.
    """

    def __init__(
        self, existing: dict[str, ExistingRow], versions: dict[UUID, int], position: int
    ) -> None:
        self._existing = existing
        self._versions = versions
        self._position = position
        self.recorded: list[Any] = []

    def add(self, delivery: Delivery, fact: Fact) -> Appended:
        """Add a delivery as ``fact``, unless a row has its identity already."""
        existing = self._existing.get(fact.identity)
        if existing is None:
            return self._store(delivery, fact)
        is_webhook = delivery.source == "webhook"
        return Appended(
            "duplicate",
            existing.position,
            conflict=is_webhook
            and existing.source == "webhook"
            and _is_different(existing.body, delivery.body),
            was_fetched=is_webhook and existing.source == "api",
            reason=_reason(fact),
        )

    def _store(self, delivery: Delivery, fact: Fact) -> Appended:
        self._position += 1
        stream = fact.originator_id
        version = self._versions[stream] = self._versions.get(stream, 0) + 1
        columns = envelope_of(fact, received_at=delivery.received_at, source=delivery.source)
        self.recorded.append(Recorded(stream, version, topic_of(fact), delivery.body, columns))
        self._existing[fact.identity] = ExistingRow(
            fact.identity,
            self._position,
            columns["stream"],
            columns["type"],
            delivery.source,
            delivery.body,
        )
        status: Status = "stored" if isinstance(fact, Event) else "quarantined"
        return Appended(status, self._position, reason=_reason(fact))


def topic_of(fact: Fact) -> str:
    """The topic of a row: a stable name, never a module path."""
    return f"stripe:{fact.type}" if isinstance(fact, Event) else f"quarantine:{fact.reason}"


def envelope_of(fact: Fact, *, received_at: int, source: str) -> dict[str, Any]:
    """The columns of ``ENVELOPE``, all but ``received_at`` and ``source`` derived from the body."""
    derived: tuple[Any, ...]
    if isinstance(fact, Event):
        derived = (
            fact.object_id, fact.type, fact.account, fact.livemode, fact.api_version, fact.created,
        )  # fmt: skip
    else:
        derived = (None, f"quarantine.{fact.reason}", None, None, None, received_at // 1_000_000)
    return dict(zip(ENVELOPE, (fact.identity, *derived, received_at, source), strict=True))


def _reason(fact: Fact) -> str | None:
    return None if isinstance(fact, Event) else str(fact.reason)


def _is_different(stored: bytes, delivered: bytes) -> bool:
    if stored == delivered:
        return False
    try:
        documents = [json.loads(stored), json.loads(delivered)]
        for document in documents:
            document.pop("pending_webhooks", None)
        # As texts: to Python 1, 1.0 and true are equal.
        left, right = [json.dumps(document, sort_keys=True) for document in documents]
        return left != right
    except (ValueError, AttributeError, RecursionError):
        return True
