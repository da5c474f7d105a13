"""Charges: sales, once their money is captured; an authorisation is no money."""

from __future__ import annotations

from projections.journal import accounts
from projections.journal.rule import Case, Facts, Rule, credit, debit

__all__ = ["RULE"]


def _captured(facts: Facts) -> int:
    return facts.known.captured(facts.state)


def _transferred(facts: Facts) -> int:
    """What of it goes on to a connected account: the part that it names, else all of it."""
    if not facts.state.values.get("destination"):
        return 0
    captured, part = _captured(facts), facts.state.values.get("transfer_amount")
    return captured if part is None else min(max(0, part), captured)


RULE = Rule(
    object="charge",
    about="A charge is a sale once its money is captured; what of it is transferred to a "
          "connected account is no sale, but owed to that account.",
    facts=("payment_intent",),
    cases=(
        Case(
            "succeeded and captured, in part or whole",
            lambda facts: _captured(facts) > 0,
            (
                debit(accounts.CLEARING_CHARGE, _captured),
                credit(accounts.SALES, lambda facts: _captured(facts) - _transferred(facts)),
                credit(
                    lambda facts: accounts.connect(facts.state.values.get("destination")),
                    _transferred, accounts.connect("<destination>"),
                ),
            ),
        ),
        Case(
            "pending: a debit that the buyer's bank has not confirmed",
            lambda facts: facts.status == "pending",
            (
                debit(accounts.ASYNC, Facts.amount),
                credit(accounts.UNCONFIRMED, Facts.amount),
            ),
        ),
    ),
)  # fmt: skip
