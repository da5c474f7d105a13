"""What is in a payout: its transactions, their sums, and what they leave unexplained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Category", "Reconciliation", "reconcile"]

# What settles the payout itself is no part of what it consists of.
_OWN = frozenset({"payout", "payout_cancel", "payout_failure"})


@dataclass(frozen=True, slots=True)
class Category:
    """The transactions of a payout of one reporting category, in one currency."""

    category: str
    currency: str
    count: int
    gross: int
    fee: int
    net: int


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A payout against the transactions that Stripe listed as its own.

    ``net`` is the sum of theirs in the payout's currency, ``remainder`` the payout's amount less
    it. Nothing is summed across currencies: what is in another one is in ``categories`` only.
    """

    payout: str
    amount: int
    currency: str
    gross: int
    fee: int
    net: int
    categories: tuple[Category, ...]
    transactions: tuple[Mapping[str, Any], ...]

    @property
    def remainder(self) -> int:
        """What the transactions do not explain of the amount."""
        return self.amount - self.net

    @property
    def label(self) -> str | None:
        """Why there is a remainder: nothing was listed yet, or something is not in the list."""
        if not self.remainder:
            return None
        return "unexplained" if self.transactions else "not_listed"

    @property
    def is_reconciled(self) -> bool:
        """Whether the transactions explain the whole amount, and no other currency is in them."""
        return not self.remainder and all(
            each.currency == self.currency for each in self.categories
        )


def reconcile(
    payout: Mapping[str, Any], transactions: Sequence[Mapping[str, Any]]
) -> Reconciliation:
    """Compare the row of a payout with the rows of the balance transactions in it."""
    currency = payout["currency"] or ""
    settled = [row for row in transactions if not _is_own(payout, row)]
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in settled:
        category = row["reporting_category"] or row["type"] or "unknown"
        groups.setdefault((row["currency"] or "", category), []).append(row)
    categories = [
        Category(
            category, of, len(rows), _sum(rows, "amount"), _sum(rows, "fee"),
            sum(map(_net, rows)),
        )
        for (of, category), rows in sorted(groups.items())
    ]  # fmt: skip
    its = [each for each in categories if each.currency == currency]
    return Reconciliation(
        payout=payout["id"],
        amount=payout["amount"] or 0,
        currency=currency,
        gross=sum(each.gross for each in its),
        fee=sum(each.fee for each in its),
        net=sum(each.net for each in its),
        categories=tuple(categories),
        transactions=tuple(settled),
    )


def _is_own(payout: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    return row["source"] == payout["id"] and (
        row["type"] in _OWN or row["reporting_category"] in ("payout", "payout_reversal")
    )


def _net(row: Mapping[str, Any]) -> int:
    net = row["net"]
    return (row["amount"] or 0) - (row["fee"] or 0) if net is None else int(net)


def _sum(rows: Sequence[Mapping[str, Any]], name: str) -> int:
    return sum(row[name] or 0 for row in rows)
