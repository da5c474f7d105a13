"""The world that stories change: Stripe's objects as they are, whatever events were sent.

It is plain state without rules: `actions` changes it, `shapes` renders it as JSON, `facts` says
what an event shows of it. Amounts are in the currency's minor unit, times in Unix seconds.
"""

from __future__ import annotations

from api.simulator.world.balance import BalanceTransaction, Conversion, FeePart, Movement
from api.simulator.world.billing import (
    CreditNote,
    Invoice,
    InvoicePayment,
    Item,
    Phase,
    Schedule,
    Subscription,
)
from api.simulator.world.catalog import Customer, Plan, Price, Product
from api.simulator.world.discounts import Coupon, Discount
from api.simulator.world.merchants import Account, Application, Capability, Payout
from api.simulator.world.money import (
    ApplicationFee,
    FeeRefund,
    Topup,
    Transfer,
    TransferReversal,
)
from api.simulator.world.payments import (
    Charge,
    ConnectTerms,
    Dispute,
    EarlyFraudWarning,
    Failure,
    PaymentIntent,
    Presentment,
    Refund,
    Session,
)

WorldObject = (
    PaymentIntent
    | Charge
    | Refund
    | Dispute
    | EarlyFraudWarning
    | Session
    | Invoice
    | InvoicePayment
    | CreditNote
    | Subscription
    | Schedule
    | Coupon
    | Discount
    | Customer
    | Product
    | Price
    | Plan
    | Payout
    | Transfer
    | Topup
    | ApplicationFee
    | FeeRefund
    | Account
    | Capability
    | Application
)

__all__ = [
    "Account",
    "Application",
    "ApplicationFee",
    "BalanceTransaction",
    "Capability",
    "Charge",
    "ConnectTerms",
    "Conversion",
    "Coupon",
    "CreditNote",
    "Customer",
    "Discount",
    "Dispute",
    "EarlyFraudWarning",
    "Failure",
    "FeePart",
    "FeeRefund",
    "Invoice",
    "InvoicePayment",
    "Item",
    "Movement",
    "PaymentIntent",
    "Payout",
    "Phase",
    "Plan",
    "Presentment",
    "Price",
    "Product",
    "Refund",
    "Schedule",
    "Session",
    "Subscription",
    "Topup",
    "Transfer",
    "TransferReversal",
    "WorldObject",
]
