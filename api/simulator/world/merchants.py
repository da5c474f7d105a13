"""Merchants in the world: payouts to their bank, connected accounts, the platform."""

from __future__ import annotations

from dataclasses import dataclass, field

from api.simulator.world.payments import Failure


@dataclass(slots=True)
class Payout:
    """A payout to the merchant's bank account."""

    id: str
    created: int
    amount: int
    currency: str
    arrival_date: int
    destination: str
    status: str = "pending"
    automatic: bool = True
    method: str = "standard"
    type: str = "bank_account"
    balance_transaction: str | None = None
    failure: Failure | None = None
    failure_balance_transaction: str | None = None
    original_payout: str | None = None
    reversed_by: str | None = None
    reconciliation_status: str = "in_progress"
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Account:
    """A connected account."""

    id: str
    created: int
    country: str
    default_currency: str
    email: str
    business_type: str | None = None
    charges_enabled: bool = False
    payouts_enabled: bool = False
    details_submitted: bool = False
    disabled_reason: str | None = None
    currently_due: tuple[str, ...] = ()
    past_due: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Application:
    """The platform's application, as a connected account sees it."""

    id: str
    name: str
