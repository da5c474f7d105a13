"""The row that already has an event's identity, as an append looks it up."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["EXISTING_COLUMNS", "ExistingRow"]


class ExistingRow(NamedTuple):
    """What an append compares a delivery with; ``body`` is as stored until it is decoded."""

    event_id: str
    position: int
    stream: str | None
    type: str
    source: str
    body: bytes


# Its columns, in the order of its fields.
EXISTING_COLUMNS = "event_id, id, stream, type, source, state"
