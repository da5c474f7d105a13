"""Recording: what Stripe answered is appended, unless the log shows it just so already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from ledger.event import Delivery, Event, Fact
from ledger.log import Log
from ledger.snapshot import Shown
from ledger.store.batch import Appended
from ledger.store.newest import Newest, newest_entries

__all__ = ["Moved", "RecordedSnapshot", "record", "refuse_moved"]


class Moved(Exception):
    """A stream is no longer as long as it was when it was looked at."""


@dataclass(frozen=True, slots=True)
class RecordedSnapshot:
    """The result of one snapshot.

    ``duplicate``: this very record was in the log. ``unchanged``: the newest entry of its object
    shows the same, so nothing was written.
    """

    status: Literal["stored", "duplicate", "unchanged"]


# Appends unless some stream has another version than this.
Append = Callable[[Sequence[Delivery], Mapping[UUID, int]], Sequence[Appended]]


def record(
    log: Log, append: Append, deliveries: Sequence[Delivery], *, repeat: bool
) -> list[RecordedSnapshot]:
    """Append the records that say something new; with ``repeat``, all that are not in the log.

    What is in the log is read before anything is locked; ``append`` raises ``Moved`` where it is
    more meanwhile.
    """
    known = log.known([delivery.fact.identity for delivery in deliveries])
    newest = newest_entries(log, (delivery.fact.originator_id for delivery in deliveries))
    versions = {stream: its.version for stream, its in newest.items()}
    statuses: list[RecordedSnapshot | None] = []
    written: list[Delivery] = []
    for delivery in deliveries:
        fact = delivery.fact
        if fact.identity in known:
            statuses.append(RecordedSnapshot("duplicate"))
            continue
        shown, before = _shown(delivery), newest.get(fact.originator_id, Newest())
        if before.repeated_by(shown) and not repeat:
            statuses.append(RecordedSnapshot("unchanged"))
            continue
        newest[fact.originator_id] = before.and_then(shown)
        statuses.append(None)
        written.append(delivery)
    appended = iter(append(written, versions) if written else ())
    return [status or _result(next(appended)) for status in statuses]


def refuse_moved(
    facts: Iterable[Fact], expected: Mapping[UUID, int], versions: Mapping[UUID, int]
) -> None:
    """Raise ``Moved`` where a fact's stream has another version than was expected."""
    for stream in {fact.originator_id for fact in facts}:
        if expected.get(stream, 0) != versions.get(stream, 0):
            raise Moved


def _result(appended: Appended) -> RecordedSnapshot:
    return RecordedSnapshot("stored" if appended.status == "stored" else "duplicate")


def _shown(delivery: Delivery) -> Shown:
    assert isinstance(delivery.fact, Event)
    fact = delivery.fact
    shown = Shown.by(fact.id, fact.created, fact.api_version, delivery.body)
    assert shown is not None
    return shown
