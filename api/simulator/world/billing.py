"""Billing in the world: subscriptions, invoices, and the payments of invoices."""

from __future__ import annotations

from dataclasses import dataclass, field

from api.simulator.people import Person
from api.simulator.world.payments import PaymentIntent


@dataclass(slots=True)
class Invoice:
    """An invoice, with its state of payment."""

    id: str
    created: int
    amount: int
    currency: str
    customer: Person
    subscription: str | None
    period_start: int
    period_end: int
    description: str
    status: str = "draft"
    number: str | None = None
    amount_paid: int = 0
    attempt_count: int = 0
    next_payment_attempt: int | None = None
    intent: PaymentIntent | None = None
    finalized_at: int | None = None
    paid_at: int | None = None
    voided_at: int | None = None
    marked_uncollectible_at: int | None = None
    billing_reason: str = "subscription_cycle"
    collection_method: str = "charge_automatically"
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def amount_remaining(self) -> int:
        """The amount that is not yet paid."""
        return self.amount - self.amount_paid


@dataclass(slots=True)
class InvoicePayment:
    """The link between an invoice and the PaymentIntent that paid it, since 2025."""

    id: str
    created: int
    invoice: Invoice
    intent: PaymentIntent
    paid_at: int


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a subscription."""

    id: str
    price: str
    product: str
    quantity: int
    unit_amount: int
    interval: str = "month"
    interval_count: int = 1


@dataclass(slots=True)
class Subscription:
    """A subscription, with its current period."""

    id: str
    created: int
    currency: str
    customer: Person
    items: tuple[Item, ...]
    current_period_start: int
    current_period_end: int
    status: str = "active"
    cancel_at_period_end: bool = False
    cancel_at: int | None = None
    canceled_at: int | None = None
    cancellation_reason: str | None = None
    ended_at: int | None = None
    trial_start: int | None = None
    trial_end: int | None = None
    latest_invoice: str | None = None
    pause_collection: str | None = None
    default_payment_method: str | None = None
    collection_method: str = "charge_automatically"
    metadata: dict[str, str] = field(default_factory=dict)
