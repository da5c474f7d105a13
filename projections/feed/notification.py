"""A notification: one rise of one condition of one row, and the position at which it was known."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass

from projections.objects.observation import Key

__all__ = ["RECORD", "Cause", "Notification", "notification_id"]

# The source of what no event told: the history that was asked for, and what a comparison mended.
RECORD = "record"

_ID_CHARACTERS = 26


@dataclass(frozen=True, slots=True)
class Cause:
    """The event at which a condition rose; ``created`` is in Unix seconds."""

    event: str
    type: str
    created: int
    position: int


@dataclass(frozen=True, slots=True)
class Notification:
    """That a condition became true of a row for the ``ordinal``-th time, from 1 on.

    ``position`` is the log position of the event with which that was known, and ``place`` its order
    among the notifications of that position. ``late``: the row had newer events by then. ``holds``:
    the condition still held in the row as it was known then. ``row`` is the key of the row. The
    last five are of the event at ``position`` (``source``, or ``record`` of a snapshot record that
    no event caused; ``received_at`` in microseconds) and of the row (``is_first``: the rise is at
    its first event; ``object_created`` in Unix seconds).
    """

    id: str
    type: str
    kind: str
    object_id: str
    account: str | None
    livemode: bool
    position: int
    place: int
    ordinal: int
    late: bool
    holds: bool
    cause: Cause
    row: bytes
    source: str
    created: int
    received_at: int
    is_first: bool
    object_created: int | None

    def is_history(self, max_age_seconds: int) -> bool:
        """Whether it is no news: imported or looked up, too old when it was received, or true of
        an object that was there long before its first event."""
        if self.source in ("import", RECORD):
            return True
        if self.received_at // 1_000_000 - self.created > max_age_seconds:
            return True
        created = self.object_created
        return self.is_first and created is not None and (
            self.cause.created - created > max_age_seconds
        )  # fmt: skip


def notification_id(key: Key, object: str, condition: str, ordinal: int) -> str:
    """The id of a rise, the same whenever and wherever it is worked out.

    ``object`` is the name of the row's kind; ``key`` is the object that the row stands for.
    """
    scope = key.scope
    parts = [scope.account, scope.livemode, object, key.object, key.id, condition, ordinal]
    digest = hashlib.sha256(json.dumps(parts).encode()).digest()
    return "ntf_" + base64.b32encode(digest).decode().lower()[:_ID_CHARACTERS]
