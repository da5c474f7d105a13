"""Export and import: the log as lines of JSON, from which the same log can be made again."""

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
    """How many lines were stored, known already, quarantined or refused."""

    stored: int = 0
    duplicate: int = 0
    quarantined: int = 0
    errors: int = 0


def export_lines(ledger: Ledger) -> Iterator[bytes]:
    """The log, one JSON object per line, quarantine included, up to its end at the start."""
    position, end = 0, ledger.log.head().position
    while position < end:
        for event in ledger.log.after(position, _BATCH):
            line: dict[str, Any] = {
                "object": ENTRY,
                "position": event.position,
                "received_at": event.received_at,
                "source": event.source,
                "body_base64": b64encode(event.body).decode(),
            }
            if event.reason is not None:
                line["reason"] = event.reason
            position = event.position
            yield json.dumps(line, separators=(",", ":")).encode() + b"\n"


def import_lines(
    ledger: Ledger,
    lines: Iterable[bytes],
    on_error: Callable[[int, str], None] = lambda number, reason: None,
    clock: Callable[[], float] = time.time,
) -> Imported:
    """Append exported lines or plain Stripe events, one per line; known ones are skipped.

    Into an empty ledger, a whole export gives the same bytes, times, positions and chain.
    ``on_error`` is called with the number of a line that is refused and the reason; the import
    goes on. ``clock`` gives Unix seconds, the time at which plain events are received.
    """
    imported = Imported()
    batch: list[Delivery] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            batch.append(_delivery(line, clock))
        except ImportRefused as refused:
            imported.errors += 1
            on_error(number, str(refused))
        if len(batch) >= _BATCH:
            _count(imported, ledger.append(batch))
            batch = []
    if batch:
        _count(imported, ledger.append(batch))
    return imported


def _count(imported: Imported, results: list[Appended]) -> None:
    for appended in results:
        setattr(imported, appended.status, getattr(imported, appended.status) + 1)


def _delivery(line: bytes, clock: Callable[[], float]) -> Delivery:
    body = line.rstrip(b"\r\n")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise ImportRefused("the line is no JSON") from None
    if isinstance(document, dict) and document.get("object") == ENTRY:
        return _exported_delivery(document)
    fact = read_delivery(body)
    if isinstance(fact, Quarantined):
        raise ImportRefused(f"the line is no Stripe event: {fact.reason}")
    return Delivery(body, "import", int(clock() * 1_000_000), fact)


def _exported_delivery(document: dict[str, Any]) -> Delivery:
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
    # The reason of a quarantine is not always in the body: another mode, an id used twice.
    if isinstance(fact, Event) and reason is not None:
        if reason not in list(Reason):
            raise ImportRefused("reason is unknown")
        fact = quarantine(body, Reason(reason))
    return Delivery(body, source, received_at, fact)
