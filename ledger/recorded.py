"""A recorded event: one row of the log, and the only list of the log's columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ledger.identity import QUARANTINE_PREFIX, SNAPSHOT_PREFIX

__all__ = ["COLUMNS", "ENVELOPE", "RecordedEvent", "decoded", "recorded_events"]


class RecordedEvent(NamedTuple):
    """One row of the log: the bytes that Stripe signed, their envelope, and their position.

    ``stream`` is the id of the Stripe object, ``created`` is in Unix seconds, ``received_at`` in
    microseconds since 1970. Lists leave ``body`` empty and set ``listed_size``, its length in
    bytes as stored; else that is 0. ``livemode`` is 0 or 1 where ``Log.scan`` reads SQLite.
    """

    position: int
    event_id: str
    stream: str | None
    type: str
    account: str | None
    livemode: bool | None
    api_version: str | None
    created: int
    received_at: int
    source: str
    chain: bytes
    body: bytes
    listed_size: int

    @property
    def is_quarantined(self) -> bool:
        """Whether the body is no event, though it was signed."""
        return self.event_id.startswith(QUARANTINE_PREFIX)

    @property
    def is_snapshot(self) -> bool:
        """Whether it is a snapshot record of our own, and no event of Stripe's."""
        return self.event_id.startswith(SNAPSHOT_PREFIX)

    @property
    def reason(self) -> str | None:
        """Why the body is no event; None for an event."""
        return self.type.partition(".")[2] if self.is_quarantined else None

    @property
    def size(self) -> int:
        """The length of the body in bytes, in lists too."""
        return len(self.body) or self.listed_size


# The columns that an append takes from a delivery, and that ``verify`` compares with the body:
# all between the position and the chain.
ENVELOPE = RecordedEvent._fields[1 : RecordedEvent._fields.index("chain")]

# The table's columns in the order of the fields; two have the names that the library gives them.
COLUMNS = ("id", *ENVELOPE, "chain", "state")


def decoded(event: RecordedEvent, decode: Callable[[bytes], bytes]) -> RecordedEvent:
    """An event with the body that ``decode`` makes of the stored bytes; lists have none."""
    return event._replace(body=decode(event.body)) if event.body else event


def recorded_events(
    rows: Iterable[Iterable[Any]], decode: Callable[[bytes], bytes] | None
) -> list[RecordedEvent]:
    """Rows as events: the values of ``COLUMNS`` and the listed size, in that order.

    ``decode`` is None where bodies are stored verbatim: most of the time of a scan goes here.
    """
    events = list(map(RecordedEvent._make, rows))
    return events if decode is None else [decoded(event, decode) for event in events]
