"""Billing in the world: subscriptions with their schedules, invoices and their payments."""

from __future__ import annotations

from dataclasses import dataclass, field

from api.simulator.people import Person
from api.simulator.world.discounts import Discount
from api.simulator.world.payments import Charge, PaymentIntent


@dataclass(slots=True)
class Invoice:
    """An invoice, with its state of payment.

    `amount` is its total; without `discount` and `tax` that is also its subtotal. `intent` is its
    default payment, `payments` are those that Stripe knows as InvoicePayments.
    """

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
    amount_paid_off_stripe: int = 0
    amount_overpaid: int = 0
    paid_out_of_band: bool = False
    attempt_count: int = 0
    next_payment_attempt: int | None = None
    intent: PaymentIntent | None = None
    charge: Charge | None = None
    due_date: int | None = None
    finalized_at: int | None = None
    paid_at: int | None = None
    voided_at: int | None = None
    marked_uncollectible_at: int | None = None
    billing_reason: str = "subscription_cycle"
    collection_method: str = "charge_automatically"
    discount: int = 0
    tax: int = 0
    item: Item | None = None
    """The item of the subscription that it bills, or the first of several."""
    starting_balance: int = 0
    pre_payment_credit_notes_amount: int = 0
    post_payment_credit_notes_amount: int = 0
    finalization_error: str | None = None
    is_cut_off: bool = False
    """Whether it has more lines than an event shows."""
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def subtotal(self) -> int:
        """The amount before discounts and taxes."""
        return self.amount + self.discount - self.tax

    @property
    def amount_due(self) -> int:
        """What is asked for, after the customer's balance and credit notes before payment."""
        due = self.amount + self.starting_balance - self.pre_payment_credit_notes_amount
        return max(0, due)

    @property
    def amount_remaining(self) -> int:
        """The amount that is not yet paid."""
        return max(0, self.amount_due - self.amount_paid)

    @property
    def ending_balance(self) -> int | None:
        """The customer's balance after the invoice; None until it is finalized."""
        return min(0, self.starting_balance + self.amount) if self.finalized_at else None

    @property
    def auto_advance(self) -> bool:
        """Whether Stripe goes on by itself: to finalize it, to collect it."""
        return self.status in ("draft", "open")


@dataclass(slots=True)
class InvoicePayment:
    """The link between an invoice and what paid it, since 2025: one of the three."""

    id: str
    created: int
    invoice: Invoice
    amount: int
    intent: PaymentIntent | None = None
    charge: Charge | None = None
    payment_record: str | None = None
    paid_at: int | None = None
    status: str = "paid"
    is_default: bool = True


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a subscription; a price below a minor unit has no `unit_amount`."""

    id: str
    price: str
    product: str
    quantity: int | None
    unit_amount: int | None
    interval: str = "month"
    interval_count: int = 1
    unit_amount_decimal: str | None = None
    usage_type: str = "licensed"
    meter: str | None = None
    nickname: str | None = None
    lookup_key: str | None = None
    period: tuple[int, int] | None = None
    """Its own period; None: the subscription's."""

    @property
    def amount_decimal(self) -> str:
        """The price of one as a text, which may have fractions of the minor unit."""
        return self.unit_amount_decimal or str(self.unit_amount)


@dataclass(slots=True)
class Subscription:
    """A subscription; its current period is that of the item whose period ends first."""

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
    cancellation_feedback: str | None = None
    ended_at: int | None = None
    trial_start: int | None = None
    trial_end: int | None = None
    latest_invoice: str | None = None
    pause_collection: str | None = None
    resumes_at: int | None = None
    paused_reason: str | None = None
    paused_at: int | None = None
    default_payment_method: str | None = None
    collection_method: str = "charge_automatically"
    schedule: str | None = None
    discounts: tuple[Discount, ...] = ()
    is_update_pending: bool = False
    billing_mode: str = "flexible"
    application_fee_percent: float | None = None
    on_behalf_of: str | None = None
    is_cut_off: bool = False
    """Whether it has more items than an event shows."""
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of a subscription schedule: what is charged between two times."""

    start: int
    end: int
    price: str
    quantity: int = 1


@dataclass(slots=True)
class Schedule:
    """A subscription schedule: the changes of a subscription that are to come."""

    id: str
    created: int
    customer: Person
    subscription: str | None
    phases: tuple[Phase, ...]
    current_phase: Phase | None = None
    status: str = "active"
    end_behavior: str = "release"
    released_subscription: str | None = None
    released_at: int | None = None
    canceled_at: int | None = None
    completed_at: int | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class CreditNote:
    """A credit note: an invoice's amount is lowered, before or after it was paid."""

    id: str
    created: int
    invoice: Invoice
    amount: int
    number: str
    type: str
    status: str = "issued"
    reason: str | None = None
    refund: str | None = None
    voided_at: int | None = None
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def pre_payment_amount(self) -> int:
        """What it lowers of the amount still due."""
        return self.amount if self.type == "pre_payment" else 0

    @property
    def post_payment_amount(self) -> int:
        """What it gives back of the amount paid."""
        return self.amount if self.type == "post_payment" else 0
