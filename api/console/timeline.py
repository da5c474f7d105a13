"""Timelines as a page shows them: each event with what it changed, before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.console import rest
from api.console.kind_list import kind_of
from api.console.links import event_path
from api.console.values import shown

__all__ = ["shown_entries"]


def shown_entries(
    entries: Sequence[Mapping[str, Any]], kind: str, row: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The entries of a timeline, with the moments that the slider stops at.

    Several events of a second are one moment: ``as_of`` does not tell them apart. That an event
    came again is known of the last deliveries only: the log has it once.
    """
    fields = {field.name: field for field in kind_of(kind).columns}
    repeated = rest.get("/v1/deliveries", outcome="duplicate", limit=100)["data"]
    duplicates = {delivery["event"] for delivery in repeated}
    result = []
    for index, entry in enumerate(entries):
        following = entries[index + 1] if index + 1 < len(entries) else None
        changes = [
            (
                name,
                # Amounts are of the currency that the row has by now, if it had none yet.
                shown(fields[name], before, row),
                shown(fields[name], after, row),
            )
            for name, (before, after) in entry["changes"].items()
            if name in fields
        ]
        is_moment = following is None or following["created"] != entry["created"]
        result.append(
            {
                "entry": entry,
                "href": event_path(entry["event"]),
                "changes": changes,
                "is_moment": is_moment,
                "came_again": entry["event"] in duplicates,
            }
        )
    return result
