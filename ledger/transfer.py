"""Export and import: the log as lines of JSON, the same bytes on the other side."""

from __future__ import annotations

import binascii
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ledger.errors import ImportRefused
from ledger.event import Delivery, Event, Quarantined, Reason, quarantine, read_delivery
from ledger.store import Appended, Ledger

__all__ = ["ENTRY", "Imported", "export_lines", "import_lines"]

ENTRY = "ledger.entry"
_BATCH = 200


@dataclass(slots=True)
class Imported:
    """How many lines became what."""

    stored: int = 0
    duplicate: int = 0
    quarantined: int = 0
    errors: int = 0


def export_lines(ledger: Ledger) -> Iterator[bytes]:
    """The log, one JSON object per line, quarantine included, up to where it ends now."""
    position, end = 0, ledger.log.head().position
    while position < end:
        for entry in ledger.log.after(position, _BATCH):
            line: dict[str, Any] = {
                "object": ENTRY,
                "position": entry.position,
                "received_at": entry.received_at,
                "source": entry.source,
                "body_base64": b64encode(entry.body).decode(),
            }
            if entry.reason is not None:
                line["reason"] = entry.reason
            position = entry.position
            yield json.dumps(line, separators=(",", ":")).encode() + b"\n"


def import_lines(
    ledger: Ledger,
    lines: Iterable[bytes],
    on_error: Callable[[int, str], None] = lambda number, why: None,
    clock: Callable[[], float] = time.time,
) -> Imported:
    """Append exported lines or plain Stripe events, one per line; what is known is skipped.

    Into an empty ledger, a whole export gives the same bytes, times, positions and chain. A line
    that cannot be taken is told to ``on_error`` with its number, and the rest goes on.
    """
    done = Imported()
    batch: list[Delivery] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            batch.append(_delivery(line, clock))
        except ImportRefused as refused:
            done.errors += 1
            on_error(number, str(refused))
        if len(batch) >= _BATCH:
            _count(done, ledger.append(batch))
            batch = []
    if batch:
        _count(done, ledger.append(batch))
    return done


def _count(done: Imported, answers: list[Appended]) -> None:
    for answer in answers:
        setattr(done, answer.status, getattr(done, answer.status) + 1)


def _delivery(line: bytes, clock: Callable[[], float]) -> Delivery:
    body = line.rstrip(b"\r\n")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise ImportRefused("the line is no JSON") from None
    if isinstance(document, dict) and document.get("object") == ENTRY:
        return _entry(document)
    fact = read_delivery(body)
    if isinstance(fact, Quarantined):
        raise ImportRefused(f"the line is no Stripe event: {fact.reason}")
    return Delivery(body, "import", int(clock() * 1_000_000), fact)


def _entry(document: dict[str, Any]) -> Delivery:
    received_at, source = document.get("received_at"), document.get("source")
    if type(received_at) is not int or not 0 <= received_at < 2**63:
        raise ImportRefused("received_at is no integer of microseconds")
    if source not in ("webhook", "import"):
        raise ImportRefused("source is neither webhook nor import")
    try:
        body = b64decode(document["body_base64"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise ImportRefused("body_base64 is no base64") from None
    fact = read_delivery(body)
    reason = document.get("reason")
    # Why a body was set aside is not always in the body: another mode, an id used twice.
    if isinstance(fact, Event) and reason is not None:
        if reason not in list(Reason):
            raise ImportRefused("reason is none the ledger knows")
        fact = quarantine(body, Reason(reason))
    return Delivery(body, source, received_at, fact)
