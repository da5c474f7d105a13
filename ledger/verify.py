"""Verification: the log says of itself that nothing was altered, left out or cut off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select

from ledger.chain import GENESIS, link
from ledger.database import read_transaction
from ledger.event import Reason, quarantine, read_delivery
from ledger.log import Entry, Head
from ledger.store import Ledger
from ledger.store.batch import columns_of, topic_of
from ledger.store.tables import HEAD

__all__ = ["Verified", "verify"]

_PROBLEMS_MAX = 20
_BATCH = 1000


@dataclass(slots=True)
class Verified:
    """What a verification found: nothing wrong if ``problems`` is empty."""

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

    ``anchor`` is a position and chain value kept outside: it catches whoever rewrote rows and
    head together. Each problem names its position; after 20 the reading stops.
    """
    table = ledger.log.table
    found = Verified()
    with read_transaction(ledger.engine) as connection:
        end = connection.execute(select(HEAD.c.position, HEAD.c.chain)).one()
        head = Head(end.position, bytes(end.chain))
        while len(found.problems) < _PROBLEMS_MAX:
            query = (
                select(table).where(table.c.id > found.position).order_by(table.c.id).limit(_BATCH)
            )
            rows = connection.execute(query).mappings().all()
            if not rows:
                break
            for row in rows:
                topic, version = row["topic"], row["originator_version"]
                _check(ledger, found, ledger.log.entry(row), bytes(row["state"]), topic, version)
                if anchor is not None and anchor[0] == found.position:
                    _check_anchor(found, anchor)
            if progress is not None:
                progress(found.position, head.position)
    _check_head(found, head)
    if anchor is not None and anchor[0] > found.position:
        found.problems.append(
            f"position {anchor[0]}: the anchor stands there, but the log ends at {found.position}"
        )
    return found


def _check(
    ledger: Ledger, found: Verified, entry: Entry, state: bytes, topic: str, version: int
) -> None:
    def wrong(what: str) -> None:
        found.problems.append(f"position {entry.position}: {what}")

    if entry.position != found.position + 1:
        wrong(f"expected position {found.position + 1}; rows are missing")
    chain = link(
        found.chain,
        position=entry.position,
        event_id=entry.event_id,
        received_at=entry.received_at,
        state=state,
    )
    if chain != entry.chain:
        wrong("the chain does not match: the body, id, time or an earlier row was altered")
    expected = found.versions.get(entry.originator_id, 0) + 1
    if version != expected:
        wrong(f"it is version {version} of its stream, and should be {expected}")
    found.versions[entry.originator_id] = version
    for column in _differing(entry, topic):
        wrong(f"column {column} does not say what the body says")
    # Go on from what the row claims, so that one altered row is one problem and not all.
    found.position, found.chain = entry.position, entry.chain


def _differing(entry: Entry, topic: str) -> list[str]:
    fact = read_delivery(entry.body)
    if entry.is_quarantined:
        reason = entry.reason
        if reason not in list(Reason):
            return ["type"]
        fact = quarantine(entry.body, Reason(reason))
    columns = columns_of(fact, received_at=entry.received_at, source=entry.source)
    differing = [name for name, value in columns.items() if getattr(entry, name) != value]
    if fact.originator_id != entry.originator_id:
        differing.append("originator_id")
    if topic_of(fact) != topic:
        differing.append("topic")
    if entry.source not in ("webhook", "import"):
        differing.append("source")
    return differing


def _check_anchor(found: Verified, anchor: tuple[int, bytes]) -> None:
    if found.chain != anchor[1]:
        found.problems.append(
            f"position {anchor[0]}: the chain is not the anchor's; history was rewritten"
        )


def _check_head(found: Verified, head: Head) -> None:
    if head.position != found.position:
        found.problems.append(
            f"position {found.position + 1}: the head says the log ends at {head.position},"
            f" its last row is {found.position}"
        )
    elif head.chain != found.chain:
        found.problems.append(f"position {head.position}: the head's chain is not the last row's")
