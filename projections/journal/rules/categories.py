"""Reporting categories of balance transactions: on which account each one's other side is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from projections.journal import accounts
from projections.journal.known import PARTIAL_CAPTURE_REVERSAL
from projections.objects.state import State

__all__ = ["CATEGORIES", "CATEGORY_OF_TYPE", "RESERVES", "TAKING", "category_of", "contra_of"]

CATEGORIES: Mapping[str, str] = MappingProxyType(
    {
        "charge": accounts.CLEARING_CHARGE,
        "charge_failure": accounts.CLEARING_CHARGE,
        PARTIAL_CAPTURE_REVERSAL: accounts.CLEARING_CHARGE,
        "refund": accounts.CLEARING_REFUND,
        "refund_failure": accounts.CLEARING_REFUND,
        "dispute": accounts.DISPUTED,
        "dispute_reversal": accounts.DISPUTED,
        "payout": accounts.CLEARING_PAYOUT,
        "payout_reversal": accounts.CLEARING_PAYOUT,
        "transfer": accounts.CLEARING_TRANSFER,
        "transfer_reversal": accounts.CLEARING_TRANSFER,
        "topup": accounts.CLEARING_TOPUP,
        "topup_reversal": accounts.CLEARING_TOPUP,
        "platform_earning": accounts.CLEARING_APPLICATION_FEE,
        "platform_earning_refund": accounts.CLEARING_APPLICATION_FEE,
        "fee": accounts.SERVICES,
        "stripe_fee": accounts.SERVICES,
        "network_cost": accounts.SERVICES,
        "contribution": accounts.SERVICES,
        "climate_order_purchase": accounts.SERVICES,
        "climate_order_refund": accounts.SERVICES,
        "tax": accounts.TAX,
        "tax_fee": accounts.TAX,
        "stripe_fx_fee": accounts.FX_FEES,
        "reserved_funds": accounts.RESERVED,
        "risk_reserved_funds": accounts.RESERVED,
        "connect_reserved_funds": accounts.RESERVED,
        "connect_collection_transfer": accounts.CONNECT_LOSSES,
    }
)
"""The other side of what a transaction did to the balance; of any other category in suspense."""

RESERVES = ("reserve_", "payout_minimum_balance_")
"""How further categories begin that hold money back, or release it."""

TAKING = frozenset(
    {
        "charge_failure", PARTIAL_CAPTURE_REVERSAL, "refund", "dispute", "payout", "transfer",
        "topup_reversal", "platform_earning_refund",
    }
)  # fmt: skip
"""Categories that take from the balance, where the amount itself is too small to say so."""

# Before 2019-12-03 a transaction had but a type.
CATEGORY_OF_TYPE: Mapping[str, str] = MappingProxyType(
    {
        "charge": "charge",
        "payment": "charge",
        "payment_failure_refund": "charge_failure",
        "payment_reversal": "charge_failure",
        "refund": "refund",
        "payment_refund": "refund",
        "refund_failure": "refund_failure",
        "payout": "payout",
        "payout_cancel": "payout_reversal",
        "payout_failure": "payout_reversal",
        "transfer": "transfer",
        "transfer_cancel": "transfer_reversal",
        "transfer_failure": "transfer_reversal",
        "transfer_refund": "transfer_reversal",
        "application_fee": "platform_earning",
        "application_fee_refund": "platform_earning_refund",
        "topup": "topup",
        "topup_reversal": "topup_reversal",
        "reserve_transaction": "reserve_transaction",
        "stripe_fee": "fee",
    }
)
# Where the category says no more than that it is a fee.
_FEES: Mapping[str | None, str] = {
    "tax_fee": accounts.TAX,
    "stripe_fx_fee": accounts.FX_FEES,
}


def category_of(transaction: State) -> str:
    """A transaction's reporting category; of an older one, what its type comes to."""
    values = transaction.values
    category, type = values.get("reporting_category"), values.get("type") or "unknown"
    if category:
        return str(category)
    if type == "adjustment" and str(values.get("source") or "").startswith(("dp_", "du_")):
        # Disputes were adjustments.
        return "dispute" if (values.get("amount") or 0) < 0 else "dispute_reversal"
    return CATEGORY_OF_TYPE.get(type, type)


def contra_of(transaction: State) -> str:
    """The account on which the other side of a transaction is."""
    category = category_of(transaction)
    if category == "fee":
        return _FEES.get(transaction.values.get("type"), accounts.SERVICES)
    if category.startswith(RESERVES):
        return accounts.RESERVED
    return CATEGORIES.get(category, accounts.SUSPENSE)
