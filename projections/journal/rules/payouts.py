"""Payouts: on the way, then at the bank; `paid` may still become `failed`."""

from __future__ import annotations

from projections.journal import accounts
from projections.journal.rule import Case, Facts, Rule, credit, debit

__all__ = ["RULE", "bank"]


def bank(facts: Facts) -> str:
    """The bank account or card that it goes to."""
    return accounts.bank(facts.state.values.get("destination"))


RULE = Rule(
    object="payout",
    about="A payout is in transit until it is paid; one that fails afterwards takes its money "
          "from the bank account again. A negative one is a debit of the bank account.",
    cases=(
        Case(
            "pending or in_transit",
            lambda facts: facts.status in ("pending", "in_transit"),
            (
                debit(accounts.TRANSIT, Facts.amount),
                credit(accounts.CLEARING_PAYOUT, Facts.amount),
            ),
        ),
        Case(
            "paid",
            lambda facts: facts.status == "paid",
            (
                debit(bank, Facts.amount, accounts.bank("<destination>")),
                credit(accounts.CLEARING_PAYOUT, Facts.amount),
            ),
        ),
    ),
)  # fmt: skip
