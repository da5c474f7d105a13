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
    trace_id: str | None = None
    payout_method: str | None = None
    statement_descriptor: str | None = None
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
    business_name: str = "Example Shop"
    type: str = "standard"
    charges_enabled: bool = False
    payouts_enabled: bool = False
    details_submitted: bool = False
    disabled_reason: str | None = None
    currently_due: tuple[str, ...] = ()
    eventually_due: tuple[str, ...] = ()
    past_due: tuple[str, ...] = ()
    pending_verification: tuple[str, ...] = ()
    current_deadline: int | None = None
    requirement_errors: tuple[tuple[str, str], ...] = ()
    """The code and the requirement of each error."""
    capabilities: dict[str, str] = field(default_factory=lambda: {"transfers": "inactive"})
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Capability:
    """One capability of a connected account; its id is its name."""

    id: str
    account: Account
    status: str
    requested_at: int


@dataclass(slots=True)
class Application:
    """The platform's application, as a connected account sees it."""

    id: str
    name: str
