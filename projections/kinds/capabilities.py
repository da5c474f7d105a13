"""Capabilities: what an account may do, as its own events and those of each capability say."""

from __future__ import annotations

from typing import Any

from projections.objects.declaration import Link, Read, StripeObject
from projections.objects.paths import at
from projections.objects.types import Type
from projections.rows.aggregate import Aggregate

__all__ = ["CAPABILITY", "capabilities", "listed"]

# An account does not list what was never asked for, or no more.
_NOT_LISTED = (None, "unrequested")

CAPABILITY = StripeObject(
    "capability",
    event_types=("capability.updated",),
    # Each account shows which it has.
    listing=None,
    reads=(Read("status", Type.CODE, at("status")),),
    type_order=("updated",),
    links=(Link("account", at("account")),),
)


def listed(values: dict[str, Any], type: str, created: int) -> None:
    """The account's ``from_event_type``: when it last said which capabilities it has."""
    if "capabilities" in values:
        values["listed_at"] = created


def capabilities(account: Aggregate) -> dict[str, Any] | None:
    """The status of each capability: the account's list, and what was heard of any since.

    A change of a capability has an event of its own: of one second, that is the newer.
    """
    values = account.values
    known = [
        state
        for state in account.members
        if state.object == "capability" and state.snapshot is not None
    ]
    if values.get("capabilities") is None and not known:
        return None
    statuses = dict(values.get("capabilities") or {})
    for state in known:
        assert state.snapshot is not None
        if state.snapshot[0] >= values.get("listed_at", 0):
            statuses[state.id] = state.values.get("status")
    return {name: statuses[name] for name in sorted(statuses) if statuses[name] not in _NOT_LISTED}
