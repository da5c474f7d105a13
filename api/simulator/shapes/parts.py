"""Parts that several shapes share: list objects, the customer's keys, URLs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.simulator.people import Person
from api.simulator.versions import ApiVersion

Json = dict[str, Any]


def list_object(items: Sequence[Json], url: str) -> Json:
    """Return Stripe's list object, with all items on its first page."""
    return {
        "object": "list",
        "data": list(items),
        "has_more": False,
        "total_count": len(items),
        "url": url,
    }


def customer_id(customer: Person | None) -> str | None:
    """Return the customer's id, or None without a customer."""
    return customer.id if customer else None


def customer_keys(customer: Person | None, api: ApiVersion) -> Json:
    """Return `customer`, and since 2025-12-15 `customer_account` beside it."""
    keys: Json = {"customer": customer_id(customer)}
    if api.customer_account:
        keys["customer_account"] = None
    return keys


def pay_url(path: str) -> str:
    """Return the URL of one of Stripe's hosted pages."""
    return f"https://pay.stripe.com/{path}"
