"""Running sums of an export: which accounts and currencies it has, and what they come to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from projections.journal.entry import Entry

__all__ = ["AccountCurrency", "Balances", "TrialBalance"]


class AccountCurrency(NamedTuple):
    """An account in a currency, as a trial balance lists them."""

    ledger_account: str
    currency: str


TrialBalance = Mapping[AccountCurrency, int]


class Balances:
    """What the entries so far come to, and what was new in the last of them."""

    def __init__(self) -> None:
        self.sums: dict[AccountCurrency, int] = defaultdict(int)
        self.last_date: int | None = None

    def add(self, entry: Entry) -> list[AccountCurrency]:
        """Add an entry; the accounts and currencies that it is the first of."""
        new = []
        for line in entry.posting.lines:
            key = AccountCurrency(line.ledger_account, line.currency)
            if key not in self.sums:
                new.append(key)
            self.sums[key] += line.amount
        self.last_date = entry.posting.date
        return new

    def stated(self, trial_balance: TrialBalance | None) -> list[tuple[AccountCurrency, int]]:
        """What each account has to come to, in order: by a trial balance where there is one.

        One that names an account which no entry has is believed: the reader then fails, as it
        should. Of an account that it leaves out, zero is stated.
        """
        if trial_balance is None:
            return sorted(self.sums.items())
        keys = sorted({*self.sums, *(key for key, amount in trial_balance.items() if amount)})
        return [(key, trial_balance.get(key, 0)) for key in keys]
