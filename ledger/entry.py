"""The lines of an export: an entry for each row, and after the last one the end."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from ledger.attached import Members
from ledger.chain import GENESIS, link
from ledger.errors import ImportRefused
from ledger.event import (
    BODY_BYTES_MAX,
    RECEIVED_AT_MAX,
    SOURCES,
    Delivery,
    Event,
    Reason,
    quarantine,
    read_delivery,
)
from ledger.recorded import RecordedEvent
from ledger.store.batch import envelope_of
from ledger.strict_json import strict_loads

__all__ = [
    "END",
    "END_MEMBERS",
    "ENTRY",
    "LINE_BYTES_MAX",
    "Tally",
    "delivery_of",
    "named",
    "read_document",
]

ENTRY, END = "ledger.entry", "ledger.end"

# The members of the last line that are the log's own.
END_MEMBERS = frozenset({"object", "position", "chain", "count"})

# A line with the largest body in base64, and room for its other fields.
LINE_BYTES_MAX = BODY_BYTES_MAX // 3 * 4 + 4096


@dataclass(slots=True)
class Tally:
    """The entries so far: the last position, its chain value, and how many there were.

    The chain is that of the log, computed over the bodies as they were signed.
    """

    position: int = 0
    chain: bytes = GENESIS
    count: int = 0

    def add(
        self, position: int, event_id: str, type: str, received_at: int, source: str, body: bytes
    ) -> None:
        """Go on to the next entry."""
        self.chain = link(
            self.chain,
            position=position,
            event_id=event_id,
            received_at=received_at,
            source=source,
            type=type,
            state=body,
        )
        self.position, self.count = position, self.count + 1

    def entry_line(self, event: RecordedEvent, members: Members) -> bytes:
        """The line of an event that was just added, with what is attached to it."""
        reason = {} if event.reason is None else {"reason": event.reason}
        return _line(
            {
                "object": ENTRY,
                "position": event.position,
                "received_at": event.received_at,
                "source": event.source,
                **reason,
                "chain": self.chain.hex(),
                "body_base64": b64encode(event.body).decode(),
                **members,
            }
        )

    def end_line(self, members: Members) -> bytes:
        """The last line: with it, the export is whole."""
        return _line({"object": END, **self._end(), **members})

    def check_entry(self, document: Mapping[str, Any], delivery: Delivery) -> None:
        """Add the entry of a line; raises ``ImportRefused`` unless it comes next."""
        position = document.get("position")
        if position != self.position + 1:
            raise ImportRefused(
                f"expected position {self.position + 1}, not {position!r:.30}; entries are missing"
            )
        columns = envelope_of(
            delivery.fact, received_at=delivery.received_at, source=delivery.source
        )
        self.add(
            self.position + 1,
            columns["event_id"],
            columns["type"],
            delivery.received_at,
            delivery.source,
            delivery.body,
        )
        if document.get("chain") != self.chain.hex():
            raise ImportRefused("the chain does not match; the entry was altered")

    def check_end(self, document: Mapping[str, Any]) -> None:
        """Raise ``ImportRefused`` unless the entries so far are all that were exported."""
        if any(document.get(name) != value for name, value in self._end().items()):
            raise ImportRefused(
                f"the end is not that of the {self.count} entries before it; entries are missing"
            )

    def _end(self) -> dict[str, Any]:
        return {"position": self.position, "chain": self.chain.hex(), "count": self.count}


class _Named(msgspec.Struct):
    object: Any = None


_named = msgspec.json.Decoder(_Named)


def named(text: bytes) -> str | None:
    """What a line of JSON says it is, by ``object``; None where it does not."""
    try:
        name = _named.decode(text).object
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return name if isinstance(name, str) else None


def read_document(text: bytes) -> Mapping[str, Any]:
    """A line's JSON object; raises ``ImportRefused``."""
    try:
        document = strict_loads(text)
    except ValueError:
        raise ImportRefused("the line is no JSON") from None
    if not isinstance(document, dict):
        raise ImportRefused("the line is no JSON object")
    return document


def delivery_of(document: Mapping[str, Any]) -> Delivery:
    """The delivery of an entry, as it was recorded; raises ``ImportRefused``."""
    received_at, source = document.get("received_at"), document.get("source")
    if type(received_at) is not int or not 0 <= received_at <= RECEIVED_AT_MAX:
        raise ImportRefused("received_at is no plausible time in microseconds since 1970")
    if source not in SOURCES:
        raise ImportRefused(f"source is none of {', '.join(SOURCES)}")
    try:
        body = b64decode(document["body_base64"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise ImportRefused("body_base64 is no base64") from None
    if len(body) > BODY_BYTES_MAX:
        raise ImportRefused(f"the body is longer than {BODY_BYTES_MAX} bytes")
    reason = document.get("reason")
    if reason is not None:
        # The reason is not always in the body: another mode, an id used twice.
        if reason not in list(Reason):
            raise ImportRefused("reason is unknown")
        return Delivery(body, source, received_at, quarantine(body, Reason(reason)))
    fact = read_delivery(body, source=source)
    if not isinstance(fact, Event):
        raise ImportRefused(f"the body is no event, and there is no reason: {fact.reason}")
    return Delivery(body, source, received_at, fact)


def _line(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"
