"""The accounts of a book: their names, and of which type each one is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = [
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

TYPES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys((BALANCE, DISPUTED, RESERVED, TRANSIT, ASYNC), "asset"),
        **{f"{BALANCE}:{part}": "asset" for part in _PARTS.values()},
        UNCONFIRMED: "liability",
        **dict.fromkeys((SALES, REFUNDS, APPLICATION_FEES, FX, OTHER), "income"),
        **dict.fromkeys(
            (
                PROCESSING, DISPUTE_FEES, PAYOUT_FEES, SERVICES, TAX, FX_FEES, PASSTHROUGH,
                PLATFORM, DISPUTE_LOSSES, CONNECT_LOSSES,
            ),
            "expense",
        ),
        **dict.fromkeys(
            (
                CLEARING_CHARGE, CLEARING_REFUND, CLEARING_PAYOUT, CLEARING_TOPUP,
                CLEARING_TRANSFER, CLEARING_APPLICATION_FEE,
            ),
            "clearing",
        ),
        CONVERSION: "equity",
        OPENING: "equity",
        SUSPENSE: "suspense",
    }
)  # fmt: skip


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
