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

__all__ = ["RULES"]

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        module.RULE.object: module.RULE
        for module in (
            charges, refunds, disputes, payouts, transfers, application_fees, topups,
            balance_transactions,
        )
    }
)  # fmt: skip
"""By object; every other object is stateless: its money, if any, is one of these."""
