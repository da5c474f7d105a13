"""Parts that several shapes share: list objects, the customer's keys, URLs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.simulator.people import Person
from api.simulator.versions import ApiVersion
from api.simulator.world import ConnectTerms, Presentment

Json = dict[str, Any]


def list_object(items: Sequence[Json], url: str, *, has_more: bool = False) -> Json:
    """Return Stripe's list object: all items, or the first page of more."""
    return {
        "object": "list",
        "data": list(items),
        "has_more": has_more,
        "total_count": len(items) + 12 * has_more,
        "url": url,
    }


def customer_id(customer: Person | None) -> str | None:
    """Return the customer's id, or None without a customer."""
    return customer.id if customer else None


def customer_keys(customer: Person | None, api: ApiVersion) -> Json:
    """Return `customer`, and since 2025-12-15 `customer_account` beside it."""
    keys: Json = {"customer": customer_id(customer)}
    if api.customer_account:
        keys["customer_account"] = customer.account if customer else None
    return keys


def terms_keys(terms: ConnectTerms) -> Json:
    """Return a platform's fee and the accounts that the money is for."""
    target = terms.destination
    return {
        "application_fee_amount": terms.application_fee_amount,
        "on_behalf_of": terms.on_behalf_of,
        "transfer_data": {"amount": None, "destination": target} if target else None,
    }


def presentment_keys(presentment: Presentment | None, api: ApiVersion) -> Json:
    """Return what the buyer was shown, which since 2025-03-31 is told where it differs."""
    if presentment is None or not api.presentment:
        return {}
    details = {
        "presentment_amount": presentment.amount,
        "presentment_currency": presentment.currency,
    }
    return {"presentment_details": details}


def pay_url(path: str) -> str:
    """Return the URL of one of Stripe's hosted pages."""
    return f"https://pay.stripe.com/{path}"
