"""Which lists the key may see, and what does not work without each."""

from __future__ import annotations

from dataclasses import dataclass

from api.stripe.client import StripeApi
from api.stripe.objects import kinds_of, lists
from api.stripe.refusals import StripeRefused, StripeUnreachable

__all__ = ["Permission", "check_permissions"]

# Beside the objects of which rows are made.
_NEEDED = {
    "/v1/events": "ledger stripe fetch",
    "/v1/accounts": "ledger stripe fetch: connected accounts that the log has no event of",
    "/v1/webhook_endpoints": "ledger stripe endpoint",
    "/v2/core/event_destinations": "ledger stripe endpoint check: destinations of v2",
}


@dataclass(frozen=True, slots=True)
class Permission:
    """A list that is asked for, whether the key may see it, and what it is needed for."""

    path: str
    is_granted: bool
    answer: str
    needed_for: str


def check_permissions(api: StripeApi) -> list[Permission]:
    """Ask for one item of each list; raises ``StripeUnreachable``."""
    permissions = []
    for path, needed_for in _needed().items():
        answer, is_granted = "granted", True
        try:
            api.get(path, limit=1)
        except StripeUnreachable:
            raise
        except StripeRefused as refused:
            answer, is_granted = str(refused), False
        permissions.append(Permission(path, is_granted, answer, needed_for))
    return permissions


def _needed() -> dict[str, str]:
    """Each list that is asked for, and what for."""
    needed = dict(_NEEDED)
    for listed in lists():
        kinds = ", ".join(kinds_of(listed.declared))
        needed.setdefault(
            listed.declared.api_path, f"ledger stripe backfill, compare and thin events: {kinds}"
        )
    return needed
