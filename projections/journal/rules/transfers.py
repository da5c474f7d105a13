"""Transfers: what connected accounts were given, less what was taken back."""

from __future__ import annotations

from projections.journal import accounts
from projections.journal.known import went_to_a_bank
from projections.journal.rule import Case, Facts, Rule, credit, debit
from projections.journal.rules import payouts

__all__ = ["RULE"]


def _is_payout(facts: Facts) -> bool:
    return went_to_a_bank(facts.state)


def _remaining(facts: Facts) -> int:
    """What was not taken back."""
    transfer = facts.state
    reversals = facts.known.linking("transfer_reversal", "transfer", transfer.id)
    known = sum(each.values.get("amount") or 0 for each in reversals if facts.has_come(each))
    return facts.amount() - max(facts.amount("amount_reversed"), known)


def _has_status(*statuses: str) -> Case:
    account = payouts.bank if statuses == ("paid",) else (lambda _: accounts.TRANSIT)
    shown = accounts.bank("<destination>") if statuses == ("paid",) else accounts.TRANSIT
    return Case(
        f"to a bank, as until 2017-04-06, {' or '.join(statuses)}",
        lambda facts: _is_payout(facts) and facts.state.values.get("way_status") in statuses,
        (debit(account, Facts.amount, shown), credit(accounts.CLEARING_PAYOUT, Facts.amount)),
    )


RULE = Rule(
    object="transfer",
    about="A transfer pays a connected account what it is owed; what is reversed is owed again.",
    facts=("transfer_reversal",),
    cases=(
        _has_status("pending", "in_transit"),
        _has_status("paid"),
        Case(
            "to a connected account",
            lambda facts: not _is_payout(facts),
            (
                debit(
                    lambda facts: accounts.connect(facts.state.values.get("destination")),
                    _remaining, accounts.connect("<destination>"),
                ),
                credit(accounts.CLEARING_TRANSFER, _remaining),
            ),
        ),
    ),
)  # fmt: skip
