"""What several shapes share: pages of a list, the customer's keys, addresses on the web."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.simulator.people import Person
from api.simulator.versions import ApiVersion

Json = dict[str, Any]


def page(items: Sequence[Json], url: str) -> Json:
    """Stripe's list object with all of its items on the first page."""
    return {
        "object": "list",
        "data": list(items),
        "has_more": False,
        "total_count": len(items),
        "url": url,
    }


def customer_id(customer: Person | None) -> str | None:
    """The customer's id, if there is one."""
    return customer.id if customer else None


def customer_keys(customer: Person | None, api: ApiVersion) -> Json:
    """Who pays: `customer`, and since 2025-12-15 the key for accounts that pay beside it."""
    keys: Json = {"customer": customer_id(customer)}
    if api.customer_account:
        keys["customer_account"] = None
    return keys


def web(path: str) -> str:
    """A page of Stripe's about something."""
    return f"https://pay.stripe.com/{path}"
