"""What an entry of the log says of balance transactions: which to ask for, and which are there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from ledger import SNAPSHOT, RecordedEvent

__all__ = ["AVAILABLE_SECONDS", "NAMED_SECONDS", "PAYOUT", "TRANSACTION", "Note", "notes_of"]

TRANSACTION, PAYOUT = "balance_transaction", "payout"

# So long an id that something names is left to the sweep, and a pending one after its time.
NAMED_SECONDS = 3600
AVAILABLE_SECONDS = 3600

_ID = re.compile(rb'"(txn_[A-Za-z0-9_]{1,251})"')
_RECONCILED = "payout.reconciliation_completed"


@dataclass(frozen=True, slots=True)
class Note:
    """What is to be asked for, from a second on; ``due_at`` None: it is there, whole and final.

    ``named``: something names the transaction. ``pending``: its record says that it is not
    available yet. ``payout``: what the payout is made of can be listed.
    """

    id: str
    reason: Literal["named", "pending", "payout"]
    due_at: int | None


class _Object(msgspec.Struct):
    object: Any = None
    id: Any = None
    status: Any = None
    available_on: Any = None
    reconciliation_status: Any = None


class _Data(msgspec.Struct):
    object: _Object | None = None


class _Body(msgspec.Struct):
    data: _Data | None = None


_body = msgspec.json.Decoder(_Body)


def notes_of(event: RecordedEvent) -> list[Note]:
    """What an entry says, in any order; nothing where it cannot be read."""
    if event.is_quarantined:
        return []
    received_at = event.received_at // 1_000_000
    ids = {match[1].decode() for match in _ID.finditer(event.body)}
    notes: dict[str, Note] = {
        id: Note(id, "named", received_at + NAMED_SECONDS) for id in sorted(ids)
    }
    if event.type == SNAPSHOT or event.type == _RECONCILED:
        shown = _shown(event)
        is_record = shown.object == TRANSACTION and event.type == SNAPSHOT
        if is_record and isinstance(shown.id, str):
            notes[shown.id] = Note(shown.id, "pending", due_after(shown))
        is_completed = shown.object == PAYOUT and shown.reconciliation_status == "completed"
        if is_completed and isinstance(shown.id, str):
            notes[shown.id] = Note(shown.id, "payout", received_at)
    return list(notes.values())


def due_after(shown: _Object) -> int | None:
    """When a balance transaction is to be asked for once more, if it is."""
    if shown.status != "pending" or not isinstance(shown.available_on, int):
        return None
    return shown.available_on + AVAILABLE_SECONDS


def _shown(event: RecordedEvent) -> _Object:
    try:
        data = _body.decode(event.body).data
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Object()
    return (data and data.object) or _Object()
