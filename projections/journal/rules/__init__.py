"""The rules of the journal: for each object that moves money, what its states put on accounts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from projections.journal.rule import Rule
from projections.journal.rules import (
    application_fees,
    balance_transactions,
    charges,
    disputes,
    payouts,
    refunds,
    topups,
    transfers,
)

__all__ = ["RULES", "STATELESS"]

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        module.RULE.object: module.RULE
        for module in (
            charges, refunds, disputes, payouts, transfers, application_fees, topups,
            balance_transactions,
        )
    }
)  # fmt: skip
"""By object that moves money."""

_SAME_MONEY = "the same money as its charge"
_PART = "a part of another object, which has the rule"
_NO_MONEY = "no money"

STATELESS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("payment_intent", "checkout.session", "invoice", "invoice_payment"), _SAME_MONEY
        ),
        **dict.fromkeys(("fee_refund", "transfer_reversal"), _PART),
        "credit_note": "what it gives back is a refund, or no money yet",
        **dict.fromkeys(
            (
                "account", "application", "capability", "coupon", "customer", "discount", "plan",
                "price", "product", "radar.early_fraud_warning", "subscription",
                "subscription_schedule",
            ),
            _NO_MONEY,
        ),
    }
)  # fmt: skip
"""Objects that post nothing by themselves, and why. Whatever others move, transactions tell."""
