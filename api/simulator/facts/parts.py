"""Parts that the facts of several objects share."""

from __future__ import annotations

from typing import Any

from api.simulator.people import Person
from api.simulator.versions import ApiVersion
from api.simulator.world import BalanceTransaction, ConnectTerms, Presentment, WorldObject

Facts = dict[str, Any]
"""The facts of one object, by name."""


def same(world_object: WorldObject | BalanceTransaction, names: str) -> Facts:
    """Return the facts that have the same name in the world and in rows."""
    return {name: getattr(world_object, name) for name in names.split()}


def of_customer(customer: Person | None, api: ApiVersion) -> Facts:
    """Return the customer, and since 2025-12-15 the v2 Account that the customer is."""
    facts: Facts = {"customer": customer.id if customer else None}
    if api.customer_account:
        facts["customer_account"] = customer.account if customer else None
    return facts


def of_terms(terms: ConnectTerms) -> Facts:
    """Return a platform's fee and the accounts that the money is for."""
    return {
        "application_fee_amount": terms.application_fee_amount,
        "on_behalf_of": terms.on_behalf_of,
        "destination": terms.destination,
    }


def of_presentment(presentment: Presentment | None, api: ApiVersion) -> Facts:
    """Return what the buyer was shown, where the version tells it."""
    if presentment is None or not api.presentment:
        return {}
    return {
        "presentment_amount": presentment.amount,
        "presentment_currency": presentment.currency,
    }
