"""Top-ups: money that the bank gave to the balance."""

from __future__ import annotations

from projections.journal import accounts
from projections.journal.rule import Case, Facts, Rule, credit, debit

__all__ = ["RULE"]

RULE = Rule(
    object="topup",
    about="A top-up is taken from the bank once it succeeded; one that is reversed never was.",
    cases=(
        Case(
            "succeeded",
            lambda facts: facts.status == "succeeded",
            (
                debit(accounts.CLEARING_TOPUP, Facts.amount),
                credit(
                    lambda facts: accounts.bank(facts.state.values.get("source")),
                    Facts.amount, accounts.bank("<source>"),
                ),
            ),
        ),
    ),
)  # fmt: skip
