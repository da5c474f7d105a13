"""The world that stories change: Stripe's objects as they are, whatever events were sent.

It is plain state without rules: `actions` changes it, `shapes` renders it as JSON, `facts` says
what an event shows of it. Amounts are in the currency's minor unit, times in Unix seconds.
"""

from __future__ import annotations

from api.simulator.world.billing import Invoice, InvoicePayment, Item, Subscription
from api.simulator.world.merchants import Account, Application, Payout
from api.simulator.world.payments import (
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
