"""Application fees: what a platform earns of its accounts' charges, less what it gave back."""

from __future__ import annotations

from projections.journal import accounts
from projections.journal.rule import Case, Facts, Rule, credit, debit

__all__ = ["RULE"]


def _remaining(facts: Facts) -> int:
    refunds = facts.known.linking("fee_refund", "application_fee", facts.id)
    known = sum(each.values.get("amount") or 0 for each in refunds if facts.has_come(each))
    return facts.amount() - max(facts.amount("amount_refunded"), known)


RULE = Rule(
    object="application_fee",
    about="An application fee is income of the platform; what is refunded of it is none.",
    facts=("fee_refund",),
    cases=(
        Case(
            "always",
            lambda facts: True,
            (
                debit(accounts.CLEARING_APPLICATION_FEE, _remaining),
                credit(accounts.APPLICATION_FEES, _remaining),
            ),
        ),
    ),
)  # fmt: skip
