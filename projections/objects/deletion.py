"""Deletion: the type of an event says it, while the snapshot may still show the object whole."""

from __future__ import annotations

from typing import Any

__all__ = ["DELETED", "deletion"]

# What counts as the status of a deleted object, where it has no status of its own: a terminal
# one, so that no late snapshot undoes a deletion.
DELETED = "deleted"


def deletion(values: dict[str, Any], type: str, created: int) -> None:
    """A ``from_event_type`` for an object that reads ``deleted``."""
    values["deleted"] = type.endswith(".deleted") or values.get("deleted") is True
    if values["deleted"]:
        values["status"] = DELETED
