"""The accounts of a book: their names, and of which type each one is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

__all__ = [
    "ACCOUNTS",
    "APPLICATION_FEES",
    "ASYNC",
    "BALANCE",
    "CLEARING",
    "CLEARING_APPLICATION_FEE",
    "CLEARING_CHARGE",
    "CLEARING_PAYOUT",
    "CLEARING_REFUND",
    "CLEARING_TOPUP",
    "CLEARING_TRANSFER",
    "CONNECT_LOSSES",
    "CONVERSION",
    "DISPUTED",
    "DISPUTE_FEES",
    "DISPUTE_LOSSES",
    "FX",
    "FX_FEES",
    "OPENING",
    "OTHER",
    "PASSTHROUGH",
    "PAYOUT_FEES",
    "PLATFORM",
    "PROCESSING",
    "REFUNDS",
    "RESERVED",
    "SALES",
    "SERVICES",
    "SUSPENSE",
    "TAX",
    "TRANSIT",
    "TYPES",
    "UNCONFIRMED",
    "Account",
    "balance",
    "bank",
    "connect",
    "is_balance",
    "type_of",
]

# What Stripe keeps for the merchant, or owes.
BALANCE = "Stripe:Balance"
DISPUTED = "Stripe:Disputed"
RESERVED = "Stripe:Reserved"
TRANSIT = "Transit:Payout"
ASYNC = "Receivable:Async"

UNCONFIRMED = "Unconfirmed"

SALES = "Sales"
REFUNDS = "Refunds"
APPLICATION_FEES = "ApplicationFees"
FX = "FX"
OTHER = "Other"

PROCESSING = "Stripe:Processing"
DISPUTE_FEES = "Stripe:Dispute"
PAYOUT_FEES = "Stripe:Payout"
SERVICES = "Stripe:Services"
TAX = "Stripe:Tax"
FX_FEES = "Stripe:FX"
PASSTHROUGH = "Stripe:Passthrough"
PLATFORM = "Platform"
DISPUTE_LOSSES = "DisputeLosses"
CONNECT_LOSSES = "ConnectLosses"

CLEARING = "Clearing:"
CLEARING_CHARGE = "Clearing:Charge"
CLEARING_REFUND = "Clearing:Refund"
CLEARING_PAYOUT = "Clearing:Payout"
CLEARING_TOPUP = "Clearing:TopUp"
CLEARING_TRANSFER = "Clearing:Transfer"
CLEARING_APPLICATION_FEE = "Clearing:ApplicationFee"

CONVERSION = "Conversion"
OPENING = "Opening"

SUSPENSE = "Suspense:Unclassified"

# Of accounts that are made as they are needed, what their names begin with.
_BANK, _CONNECT = "Bank:", "Connect:"
_PARTS = {
    "issuing": "Issuing",
    "refund_and_dispute_prefunding": "Prefunding",
    "risk_reserved": "Reserved",
}


class Account(NamedTuple):
    """An account, of which type it is, and what stands on it, in an accountant's words."""

    name: str
    type: str
    about: str


ACCOUNTS = (
    Account(BALANCE, "asset", "What Stripe holds for you: the balance of payments."),
    Account(f"{BALANCE}:Issuing", "asset", "The part of it that cards are issued on."),
    Account(f"{BALANCE}:Prefunding", "asset", "The part kept for refunds and disputes."),
    Account(f"{BALANCE}:Reserved", "asset", "The part that Stripe reserves for risk."),
    Account(DISPUTED, "asset", "Taken from the balance for disputes that are not decided yet."),
    Account(RESERVED, "asset", "Taken from the balance as a reserve, and to come back."),
    Account(TRANSIT, "asset", "On its way to the bank."),
    Account(f"{_BANK}…", "asset", "Paid out to this bank account or card, less what came from it."),
    Account(ASYNC, "asset", "Debits that the buyer's bank has not confirmed yet."),
    Account(UNCONFIRMED, "liability", "The other side of these: no sale before it is confirmed."),
    Account(f"{_CONNECT}…", "liability", "What this connected account is owed."),
    Account(SALES, "income", "Captured charges, before refunds and fees."),
    Account(REFUNDS, "income", "Given back of sales: it reduces income."),
    Account(APPLICATION_FEES, "income", "What a platform earns of its connected accounts' sales."),
    Account(FX, "income", "What changed with the rate between a payment and its way back."),
    Account(OTHER, "income", "Income of no other account."),
    Account(PROCESSING, "expense", "Stripe's fees for payments."),
    Account(DISPUTE_FEES, "expense", "Stripe's fees for disputes."),
    Account(PAYOUT_FEES, "expense", "Stripe's fees for payouts, such as instant ones."),
    Account(SERVICES, "expense", "Stripe's fees for what is no payment: Billing, Radar, …"),
    Account(TAX, "expense", "Tax on Stripe's fees, and tax withheld."),
    Account(FX_FEES, "expense", "Stripe's fees for converting currencies."),
    Account(PASSTHROUGH, "expense", "Fees of networks and methods that Stripe passes on."),
    Account(PLATFORM, "expense", "What the platform keeps of a connected account's sale."),
    Account(DISPUTE_LOSSES, "expense", "Disputes that were lost."),
    Account(CONNECT_LOSSES, "expense", "Debts of connected accounts that the platform bears."),
    Account(CLEARING_CHARGE, "clearing", "Charges whose settlement is not known, or differs."),
    Account(CLEARING_REFUND, "clearing", "The same of refunds."),
    Account(CLEARING_PAYOUT, "clearing", "The same of payouts."),
    Account(CLEARING_TOPUP, "clearing", "The same of top-ups."),
    Account(CLEARING_TRANSFER, "clearing", "The same of transfers."),
    Account(CLEARING_APPLICATION_FEE, "clearing", "The same of application fees."),
    Account(CONVERSION, "equity", "Between two currencies: what left one and arrived in another."),
    Account(OPENING, "equity", "The balance that was there before the first event."),
    Account(SUSPENSE, "suspense", "Movements of a category that no rule knows: somebody looks."),
)
"""Every account; `…` is the id of a bank account, a card or a connected account."""

TYPES: Mapping[str, str] = MappingProxyType(
    {account.name: account.type for account in ACCOUNTS if not account.name.endswith("…")}
)


def bank(destination: str | None) -> str:
    """The bank account or card that a payout goes to, or a top-up comes from."""
    return f"{_BANK}{destination or 'unknown'}"


def connect(account: str | None) -> str:
    """What a connected account is owed."""
    return f"{_CONNECT}{account or 'unknown'}"


def balance(balance_type: str | None) -> str:
    """The balance at Stripe of a type; one of which nothing is known is the balance itself."""
    part = _PARTS.get(balance_type or "")
    return f"{BALANCE}:{part}" if part else BALANCE


def is_balance(ledger_account: str) -> bool:
    """Whether it is a balance at Stripe, of whatever type."""
    return ledger_account == BALANCE or ledger_account.startswith(f"{BALANCE}:")


def type_of(ledger_account: str) -> str:
    """The type of an account: ``asset``, ``liability``, ``income``, ``expense``, ``clearing``,
    ``equity`` or ``suspense``."""
    if ledger_account.startswith(_BANK):
        return "asset"
    if ledger_account.startswith(_CONNECT):
        return "liability"
    return TYPES[ledger_account]
