"""Which event types an endpoint should send, by what the declarations read."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import get_args

import stripe
from stripe.params import WebhookEndpointCreateParams

from projections import KINDS

__all__ = ["EVERYTHING", "NEWEST_VERSION", "is_known_version", "missing_types", "projected_types"]

# What an endpoint calls all types; of some rare ones each has to be named.
EVERYTHING = "*"

# The version whose shapes the tests compare the declarations with: that of Stripe's library.
NEWEST_VERSION = stripe.api_version


def projected_types() -> list[str]:
    """The types that carry an object which any kind reads, of those that an endpoint can send."""
    patterns = {
        pattern
        for kind in KINDS.values()
        for declared in kind.objects.values()
        for pattern in declared.event_types
    }
    # A list of literals: the library's own list of the types, made from Stripe's specification.
    [types] = get_args(WebhookEndpointCreateParams.__annotations__["enabled_events"])
    return sorted(
        name for name in get_args(types) if any(fnmatchcase(name, each) for each in patterns)
    )


def missing_types(enabled: Sequence[str]) -> list[str]:
    """The types that are projected and that an endpoint with these does not send."""
    if EVERYTHING in enabled:
        return []
    return [name for name in projected_types() if name not in enabled]


def is_known_version(version: str) -> bool:
    """Whether the declarations were made with an API version in view: none is newer than ours."""
    return version[:10] <= NEWEST_VERSION[:10]
