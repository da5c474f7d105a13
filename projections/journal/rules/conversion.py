"""What is settled in another currency: two integers, one of each currency, and never a rate."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from projections.journal import accounts
from projections.journal.entry import Line
from projections.journal.known import Known
from projections.journal.rules.categories import TAKING, category_of
from projections.journal.rules.parents import parent_of, source_object
from projections.objects.state import State

__all__ = ["Presented", "presented", "residual"]

# What is put on a clearing account in the currency of the source.
_CLEARING = accounts.CLEARING


class Presented(NamedTuple):
    """What a transaction moved in the currency of its source; signed as the transaction is."""

    currency: str
    amount: int


def presented(transaction: State, known: Known) -> Presented | None:
    """The side of a transaction in its source's currency; None where it is in its own, or where
    the source is not known."""
    settled = parent_of(transaction, known)
    if not settled.ledger_account.startswith(_CLEARING):
        return None
    source = transaction.values.get("source")
    object = source_object(source)
    state = known.get(object, source) if object is not None else None
    values = transaction.values
    currency = state.values.get("currency") if state is not None else None
    currency = currency or values.get("source_currency")
    if currency is None or currency == values.get("currency"):
        return None
    if state is not None and object == "charge":
        amount = _of_charge(state, transaction, known)
    elif state is not None:
        amount = int(state.values.get("amount") or 0)
    else:
        amount = int(values.get("source_captured") or values.get("source_amount") or 0)
    return Presented(currency, abs(amount) * _sign(transaction, amount))


def _sign(transaction: State, presented: int) -> int:
    amount = transaction.values.get("amount") or 0
    if amount:
        return 1 if amount > 0 else -1
    # Too little to be anything in the currency of the balance.
    sign = -1 if category_of(transaction) in TAKING else 1
    return -sign if presented < 0 else sign


def _of_charge(charge: State, transaction: State, known: Known) -> int:
    """How much of a charge one of its transactions settled; of several captures each its own."""
    category = category_of(transaction)
    transactions = known.transactions(charge.id)
    alike = [each.id for each in transactions if category_of(each) == category]
    settlements = sum(1 for each in transactions if category_of(each) == "charge")
    total = _settled(charge, known)
    parts = [total]
    if settlements > 1:
        parts = _parts(total, [amount for _, amount in known.captures(charge)], settlements)
    index = alike.index(transaction.id) if transaction.id in alike else 0
    return parts[index] if index < len(parts) else 0


def _settled(charge: State, known: Known) -> int:
    """What of a charge was settled at first: all of it where a transaction releases the rest."""
    captured, amount = known.captured_of(charge.id), int(charge.values.get("amount") or 0)
    if not captured:
        return amount
    refunds = {each.id for each in known.linking("refund", "charge", charge.id)}
    refunds |= {*charge.links.get("refund", ())}
    refunds |= {
        str(each.values.get("source"))
        for each in known.linking("balance_transaction", "charge", charge.id)
        if source_object(each.values.get("source")) == "refund"
    }
    is_released = any(known.transactions(id) and known.is_release(id) for id in refunds)
    return amount if is_released else captured


def _parts(total: int, captures: list[int], count: int) -> list[int]:
    """A total by captures, as many as there are settlements: the last one has the rest."""
    parts: list[int] = []
    for part, _ in zip_longest(captures[: count - 1], range(count - 1), fillvalue=0):
        parts.append(min(part, total - sum(parts)))
    return [*parts, total - sum(parts)]


def residual(transaction: State, known: Known) -> Iterator[Line]:
    """What is left in the balance's currency once all of a charge went back in its own: FX.

    It is the transaction with which the charge's own currency comes to zero that brings it.
    """
    family = parent_of(transaction, known).family
    charge = known.get("charge", family)
    if charge is None:
        return
    left, shown = dict[str, int](), 0
    for each in _family(charge, known):
        side = presented(each, known)
        if side is None:
            continue
        currency = each.values.get("currency") or ""
        left[currency] = left.get(currency, 0) + (each.values.get("amount") or 0)
        shown += side.amount
        if shown:
            continue
        if each.id == transaction.id:
            for currency, amount in left.items():
                yield Line(accounts.CONVERSION, family, amount, currency)
                yield Line(accounts.FX, family, -amount, currency)
        left = {}


def _family(charge: State, known: Known) -> list[State]:
    """The transactions of a charge and of its refunds, oldest first."""
    family = [
        each
        for each in known.all("balance_transaction")
        if source_object(each.values.get("source")) in ("charge", "refund")
        and parent_of(each, known).family == charge.id
    ]
    return sorted(family, key=lambda each: (each.values.get("created") or 0, each.id))
