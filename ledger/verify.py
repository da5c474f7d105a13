"""Verification: proves that no row of the log was altered, removed or cut off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select

from ledger.chain import GENESIS, link
from ledger.database import read_transaction
from ledger.event import Reason, quarantine, read_delivery
from ledger.log import Head
from ledger.recorded import RecordedEvent
from ledger.store import Ledger
from ledger.store.batch import envelope_of, topic_of
from ledger.store.tables import HEAD

__all__ = ["Verified", "verify"]

_PROBLEMS_MAX = 20
_BATCH = 1000


@dataclass(slots=True)
class Verified:
    """The result of a verification: the log is intact where ``problems`` is empty.

    ``position`` and ``chain`` are those of the last row read, ``versions`` the last of each stream.
    """

    position: int = 0
    chain: bytes = GENESIS
    problems: list[str] = field(default_factory=list)
    versions: dict[UUID, int] = field(default_factory=dict, repr=False)


def verify(
    ledger: Ledger,
    anchor: tuple[int, bytes] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verified:
    """Read the whole log in one snapshot and check every row against the chain and its body.

    ``anchor`` is a position and chain value that were kept outside: it detects rows and head
    rewritten together. ``progress`` is called with the position and the head's. Each problem
    names its position; after 20 the reading stops.
    """
    result = Verified()
    with read_transaction(ledger.engine) as connection:
        end = connection.execute(select(HEAD.c.position, HEAD.c.chain)).one()
        head = Head(end.position, bytes(end.chain))
        while len(result.problems) < _PROBLEMS_MAX:
            rows = connection.execute(_rows_after(ledger, result.position)).all()
            if not rows:
                break
            for row in rows:
                _check(ledger, result, row)
                if anchor is not None and anchor[0] == result.position:
                    _check_anchor(result, anchor)
            if progress is not None:
                progress(result.position, head.position)
    _check_head(result, head)
    if anchor is not None and anchor[0] > result.position:
        result.problems.append(
            f"position {anchor[0]}: the anchor is at this position, but the log ends at"
            f" {result.position}"
        )
    return result


def _rows_after(ledger: Ledger, position: int) -> Select[Any]:
    log, columns = ledger.log, ledger.log.table.c
    query = log.select_rows(columns.originator_id, columns.originator_version, columns.topic)
    return query.where(columns.id > position).order_by(columns.id).limit(_BATCH)


def _check(ledger: Ledger, result: Verified, row: Row[Any]) -> None:
    *fields, stream, version, topic = row
    stored = RecordedEvent._make(fields)
    event = ledger.log.decoded(stored)

    def report(problem: str) -> None:
        result.problems.append(f"position {event.position}: {problem}")

    if event.position != result.position + 1:
        report(f"expected position {result.position + 1}; rows are missing")
    chain = link(
        result.chain,
        position=event.position,
        event_id=event.event_id,
        received_at=event.received_at,
        state=stored.body,
    )
    if chain != event.chain:
        report("the chain does not match: the body, id, time or an earlier row was altered")
    expected = result.versions.get(stream, 0) + 1
    if version != expected:
        report(f"it is version {version} of its stream, and should be {expected}")
    result.versions[stream] = version
    for column in _altered_columns(event, stream, topic):
        report(f"column {column} does not match the body")
    # Go on from what the row claims, so that one altered row is one problem and not all.
    result.position, result.chain = event.position, event.chain


def _altered_columns(event: RecordedEvent, stream: UUID, topic: str) -> list[str]:
    fact = read_delivery(event.body)
    if event.is_quarantined:
        reason = event.reason
        if reason not in list(Reason):
            return ["type"]
        fact = quarantine(event.body, Reason(reason))
    expected = envelope_of(fact, received_at=event.received_at, source=event.source)
    altered = [name for name, value in expected.items() if getattr(event, name) != value]
    if fact.originator_id != stream:
        altered.append("originator_id")
    if topic_of(fact) != topic:
        altered.append("topic")
    if event.source not in ("webhook", "import"):
        altered.append("source")
    return altered


def _check_anchor(result: Verified, anchor: tuple[int, bytes]) -> None:
    if result.chain != anchor[1]:
        result.problems.append(
            f"position {anchor[0]}: the chain is not the anchor's; history was rewritten"
        )


def _check_head(result: Verified, head: Head) -> None:
    if head.position != result.position:
        result.problems.append(
            f"position {result.position + 1}: the head says the log ends at {head.position},"
            f" its last row is {result.position}"
        )
    elif head.chain != result.chain:
        result.problems.append(f"position {head.position}: the head's chain is not the last row's")
