"""The small world the stories play in: Stripe's objects as they are, whatever anybody was told.

Plain state, no rules: stories and `moves` change it, `shapes` renders it in an API version,
`truth` says what rows it makes. Amounts are in the currency's minor unit, times in seconds.
"""

from __future__ import annotations

from api.simulator.world.billing import Invoice, InvoicePayment, Item, Subscription
from api.simulator.world.merchants import Account, Application, Payout
from api.simulator.world.payments import (
    GIVEN_BACK,
    BalanceTransaction,
    Charge,
    Dispute,
    Failure,
    PaymentIntent,
    Refund,
    Session,
)

WorldObject = (
    PaymentIntent
    | Charge
    | Refund
    | Dispute
    | Session
    | Invoice
    | InvoicePayment
    | Subscription
    | Payout
    | Account
    | Application
)

__all__ = [
    "GIVEN_BACK",
    "Account",
    "Application",
    "BalanceTransaction",
    "Charge",
    "Dispute",
    "Failure",
    "Invoice",
    "InvoicePayment",
    "Item",
    "PaymentIntent",
    "Payout",
    "Refund",
    "Session",
    "Subscription",
    "WorldObject",
]
