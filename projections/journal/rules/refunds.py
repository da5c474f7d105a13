"""Refunds: money on its way back to the buyer, until it fails."""

from __future__ import annotations

from projections.journal import accounts
from projections.journal.rule import Case, Facts, Rule, credit, debit, nothing

__all__ = ["RULE"]

RULE = Rule(
    object="refund",
    about="A refund reduces income from when it is asked for; one that fails or is canceled "
          "never did.",
    facts=("balance_transaction", "charge", "payment_intent"),
    cases=(
        nothing(
            "it only releases what was authorised and never captured",
            lambda facts: facts.known.is_release(facts.id),
        ),
        Case(
            "requires_action, pending or succeeded",
            lambda facts: facts.status in ("requires_action", "pending", "succeeded"),
            (
                debit(accounts.REFUNDS, Facts.amount),
                credit(accounts.CLEARING_REFUND, Facts.amount),
            ),
        ),
    ),
)  # fmt: skip
