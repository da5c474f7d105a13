"""Payments in the world: PaymentIntents, charges, refunds, disputes, Checkout Sessions."""

from __future__ import annotations

from dataclasses import dataclass, field

from api.simulator.people import Method, Person
from api.simulator.world.balance import BalanceTransaction

_EFFECTIVE_STATUSES = frozenset({"pending", "succeeded", "requires_action"})


@dataclass(frozen=True, slots=True)
class Failure:
    """The reason why a payment, refund or payout failed."""

    code: str
    message: str
    decline_code: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectTerms:
    """What a platform says of a payment: its fee, and the account that the money is for."""

    application_fee_amount: int | None = None
    on_behalf_of: str | None = None
    destination: str | None = None


@dataclass(frozen=True, slots=True)
class Presentment:
    """What the buyer was shown and paid, where that is another currency than the merchant's."""

    amount: int
    currency: str


@dataclass(slots=True)
class PaymentIntent:
    """A PaymentIntent, with the charges that attempt it."""

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
    terms: ConnectTerms = ConnectTerms()
    presentment: Presentment | None = None
    payment_record: str | None = None


@dataclass(slots=True)
class Charge:
    """A charge: one attempt to collect a payment.

    Without `names_intent`, its JSON does not name its PaymentIntent. `amount_refunded` counts
    what was released of an authorization only where Stripe made that a Refund object.
    """

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
    risk_level: str = "normal"
    invoice: str | None = None

    @property
    def named_intent_id(self) -> str | None:
        """The id of its PaymentIntent, as its JSON has it."""
        return self.intent.id if self.intent and self.names_intent else None

    @property
    def money_received(self) -> int:
        """The amount that it brought in; 0 until something is captured and it has succeeded."""
        return self.amount_captured if self.status == "succeeded" else 0

    @property
    def money_refunded(self) -> int:
        """The amount refunded of what it brought in; releases refund nothing of that."""
        return sum(r.amount for r in self.refunds if r.is_effective and not r.is_release)

    @property
    def named_invoice(self) -> str | None:
        """The id of the invoice it pays, as its JSON has it in the versions that name it."""
        return self.intent.invoice if self.intent else self.invoice

    @property
    def is_refunded(self) -> bool:
        """Whether nothing is left of it: of what it brought in, or of what was authorized."""
        if self.captured:
            return self.money_refunded >= self.amount_captured
        return self.amount_refunded >= self.amount

    @property
    def terms(self) -> ConnectTerms:
        """The platform's terms, which are its PaymentIntent's."""
        return self.intent.terms if self.intent else ConnectTerms()

    @property
    def presentment(self) -> Presentment | None:
        """What the buyer was shown, as its PaymentIntent has it."""
        return self.intent.presentment if self.intent else None


@dataclass(slots=True)
class Refund:
    """A refund; with `is_release`, the release of an authorized amount that was not captured."""

    id: str
    created: int
    amount: int
    currency: str
    charge: Charge
    status: str = "succeeded"
    reason: str | None = None
    failure_reason: str | None = None
    pending_reason: str | None = None
    balance_transaction: str | None = None
    failure_balance_transaction: str | None = None
    reference: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    is_release: bool = False

    @property
    def is_effective(self) -> bool:
        """Whether its money has reached, or is on its way to, the customer."""
        return self.status in _EFFECTIVE_STATUSES


@dataclass(slots=True)
class Dispute:
    """A dispute: a chargeback, or an inquiry that may become one."""

    id: str
    created: int
    amount: int
    currency: str
    charge: Charge
    due_by: int | None
    reason: str = "fraudulent"
    status: str = "needs_response"
    case_type: str = "chargeback"
    is_charge_refundable: bool = False
    submissions: int = 0
    past_due: bool = False
    network_reason_code: str = "10.4"
    transactions: tuple[BalanceTransaction, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Session:
    """A Checkout Session."""

    id: str
    created: int
    amount: int
    currency: str
    customer: Person | None
    mode: str = "payment"
    status: str = "open"
    payment_status: str = "unpaid"
    intent: PaymentIntent | None = None
    subscription: str | None = None
    invoice: str | None = None
    client_reference_id: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    method_types: tuple[str, ...] = ("card",)
    payment_link: str | None = None
    amount_discount: int = 0
    amount_shipping: int = 0
    amount_tax: int = 0

    @property
    def amount_subtotal(self) -> int:
        """The amount before discounts, shipping and taxes."""
        return self.amount + self.amount_discount - self.amount_shipping - self.amount_tax


@dataclass(slots=True)
class EarlyFraudWarning:
    """A card network's warning that a charge may be fraud."""

    id: str
    created: int
    charge: Charge
    fraud_type: str = "made_with_stolen_card"
    actionable: bool = True
