"""Balance transactions: what moved the balance, what it cost, and what it settles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from projections.journal import accounts
from projections.journal.entry import Line
from projections.journal.rule import Case, Facts, Rule
from projections.journal.rules.categories import category_of
from projections.journal.rules.conversion import presented, residual
from projections.journal.rules.parents import parent_of, source_object
from projections.objects.state import State

__all__ = ["FEES", "RULE", "STRIPE_FEES"]

FEES: Mapping[str, str] = MappingProxyType(
    {
        "application_fee": accounts.PLATFORM,
        "tax": accounts.TAX,
        "withheld_tax": accounts.TAX,
        "payment_method_passthrough_fee": accounts.PASSTHROUGH,
    }
)
"""The parts of a fee by type; every other part is Stripe's own."""

STRIPE_FEES: Mapping[str | None, str] = MappingProxyType(
    {"payout": accounts.PAYOUT_FEES, "dispute": accounts.DISPUTE_FEES}
)
"""Stripe's own fee, by what the transaction's source is; of any other it is for processing."""


def _lines(facts: Facts) -> Iterator[Line]:
    transaction, currency = facts.state, facts.currency
    settled = parent_of(transaction, facts.known)
    amount, net = facts.amount(), facts.state.values.get("net")
    net = amount - facts.amount("fee") if net is None else net
    id = transaction.values.get("source") or transaction.id
    yield Line(accounts.balance(transaction.values.get("balance_type")), id, net, currency)
    for account, fee in _fees(transaction, amount - net).items():
        yield Line(account, id, fee, currency)
    side = presented(transaction, facts.known)
    if side is None:
        yield Line(settled.ledger_account, settled.object_id, -amount, currency)
        return
    yield Line(accounts.CONVERSION, settled.family, -amount, currency)
    yield Line(accounts.CONVERSION, settled.family, side.amount, side.currency)
    yield Line(settled.ledger_account, settled.object_id, -side.amount, side.currency)
    yield from residual(transaction, facts.known)


def _fees(transaction: State, total: int) -> Mapping[str, int]:
    """What was kept, by account: as the parts say; what they leave unsaid is Stripe's."""
    own = STRIPE_FEES.get(source_object(transaction.values.get("source")), accounts.PROCESSING)
    fees, unsaid = defaultdict[str, int](int), total
    for part in transaction.values.get("fee_details") or ():
        amount = part.get("amount") or 0
        fees[FEES.get(part.get("type") or "", own)] += amount
        unsaid -= amount
    fees[own] += unsaid
    return fees


RULE = Rule(
    object="balance_transaction",
    about="A balance transaction moves the balance by its net, costs its fees, and settles what "
          "its source posted: its reporting category says on which account.",
    facts=("charge", "refund", "dispute", "payout", "transfer", "transfer_reversal", "topup",
           "application_fee", "fee_refund", "payment_intent"),
    is_dated_by_object=True,
    classify=lambda state: (category_of(state), state.values.get("balance_type")),
    cases=(Case("always", lambda facts: True, lines=_lines),),
)  # fmt: skip
