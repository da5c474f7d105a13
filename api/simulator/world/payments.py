"""Payments as they are: what is meant, tried, given back, disputed, and the page it began on."""

from __future__ import annotations

from dataclasses import dataclass, field

from api.simulator.people import Method, Person

GIVEN_BACK = frozenset({"pending", "succeeded", "requires_action"})
"""The statuses of a refund whose money is with, or on its way to, the customer."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a payment or refund did not go through."""

    code: str
    message: str
    decline_code: str | None = None


@dataclass(slots=True)
class PaymentIntent:
    """Somebody means to pay; it gathers the attempts."""

    id: str
    created: int
    amount: int
    currency: str
    customer: Person | None
    method: Method
    description: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    capture_method: str = "automatic"
    status: str = "requires_payment_method"
    amount_received: int = 0
    amount_capturable: int = 0
    charges: tuple[Charge, ...] = ()
    error: Failure | None = None
    canceled_at: int | None = None
    cancellation_reason: str | None = None
    invoice: str | None = None
    session: str | None = None


@dataclass(slots=True)
class Charge:
    """One attempt to take money."""

    id: str
    created: int
    amount: int
    currency: str
    customer: Person | None
    method: Method
    description: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    intent: PaymentIntent | None = None
    names_intent: bool = True
    status: str = "succeeded"
    captured: bool = True
    amount_captured: int = 0
    amount_refunded: int = 0
    refunds: tuple[Refund, ...] = ()
    dispute: str | None = None
    failure: Failure | None = None
    balance_transaction: str | None = None

    @property
    def received(self) -> int:
        """The money that came in through it."""
        return self.amount_captured if self.captured and self.status == "succeeded" else 0

    @property
    def given_back(self) -> int:
        """The money that came in and is with the customer again; a released rest never came in."""
        return sum(r.amount for r in self.refunds if r.status in GIVEN_BACK and not r.release)


@dataclass(slots=True)
class Refund:
    """Money on its way back, or an authorisation's rest let go (`release`)."""

    id: str
    created: int
    amount: int
    currency: str
    charge: Charge
    status: str = "succeeded"
    reason: str | None = None
    failure_reason: str | None = None
    balance_transaction: str | None = None
    failure_balance_transaction: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    release: bool = False


@dataclass(frozen=True, slots=True)
class BalanceTransaction:
    """A line in the merchant's balance; never changes."""

    id: str
    created: int
    amount: int
    fee: int
    currency: str
    description: str
    category: str

    @property
    def net(self) -> int:
        """What reaches the merchant's balance."""
        return self.amount - self.fee


@dataclass(slots=True)
class Dispute:
    """The customer's bank asks for the money back, or only asks."""

    id: str
    created: int
    amount: int
    currency: str
    charge: Charge
    due_by: int
    reason: str = "fraudulent"
    status: str = "needs_response"
    case_type: str = "chargeback"
    is_charge_refundable: bool = False
    submissions: int = 0
    transactions: tuple[BalanceTransaction, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Session:
    """A hosted checkout page."""

    id: str
    created: int
    amount: int
    currency: str
    customer: Person | None
    mode: str = "payment"
    status: str = "open"
    payment_status: str = "unpaid"
    intent: PaymentIntent | None = None
    names_intent: bool = True
    subscription: str | None = None
    invoice: str | None = None
    client_reference_id: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    method_types: tuple[str, ...] = ("card",)
