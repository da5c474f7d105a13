"""Disputes: what their transactions took is disputed until they are decided."""

from __future__ import annotations

from collections import defaultdict

from projections.journal import accounts
from projections.journal.rule import Amounts, Case, Facts, Rule, credit, debit

__all__ = ["RULE"]


def _moved(facts: Facts) -> dict[str, list[int]]:
    """What the dispute's transactions moved so far, by currency; one shown twice counts once."""
    dispute, known = facts.state, facts.known
    shown = dispute.merged.get("balance_transactions", {})
    moved = {id: (each.get("currency"), each.get("amount")) for id, each in shown.items()}
    for each in known.transactions(dispute.id):
        if facts.has_come(each):
            moved[each.id] = (each.values.get("currency"), each.values.get("amount"))
    by_currency = defaultdict(list)
    for currency, amount in moved.values():
        by_currency[(currency or facts.currency).lower()].append(amount or 0)
    return by_currency


def _taken(facts: Facts) -> Amounts:
    """What is still disputed: taken from the balance and not given back."""
    return {currency: -sum(amounts) for currency, amounts in _moved(facts).items()}


def _is_reinstated(facts: Facts) -> bool:
    return any(max(amounts) > 0 > min(amounts) for amounts in _moved(facts).values())


def _account_of_rest(facts: Facts) -> str:
    """Where the rest of a dispute that was won goes: into another currency and back, it is FX."""
    is_converted = set(_moved(facts)) != {facts.currency}
    return accounts.FX if is_converted else accounts.DISPUTE_LOSSES


RULE = Rule(
    object="dispute",
    about="What a dispute takes is not lost before it is lost, and a late win brings it back. Its "
          "transactions move the balance: see balance transactions.",
    facts=("balance_transaction",),
    cases=(
        Case(
            "lost",
            lambda facts: facts.status == "lost",
            (
                debit(accounts.DISPUTE_LOSSES, _taken),
                credit(accounts.DISPUTED, _taken),
            ),
        ),
        Case(
            "won, and less or more was given back than taken",
            lambda facts: facts.status == "won" and _is_reinstated(facts),
            (
                debit(_account_of_rest, _taken, f"{accounts.FX} or {accounts.DISPUTE_LOSSES}"),
                credit(accounts.DISPUTED, _taken),
            ),
        ),
    ),
)  # fmt: skip
