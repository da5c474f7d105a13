"""The formats of an export: their names, what they are for, and how each is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from projections.journal.entry import Entry
from projections.journal.export.balances import TrialBalance
from projections.journal.export.beancount import beancount
from projections.journal.export.hledger import hledger
from projections.journal.export.quickbooks import quickbooks
from projections.journal.export.statement import Part, Statement
from projections.journal.export.stripe_reports import Describe, activity, nothing, payouts
from projections.journal.export.table import table
from projections.journal.export.xero import Chart, xero

__all__ = ["FORMATS", "Extras", "Format"]


@dataclass(frozen=True, slots=True)
class Extras:
    """What some formats take beside the entries."""

    trial_balance: TrialBalance | None = None
    describe: Describe = nothing
    chart: Chart | None = None


Write = Callable[[Statement, Iterable[Entry], Extras], Iterator[Part]]


@dataclass(frozen=True, slots=True)
class Format:
    """A format; ``is_split`` if it is several files, which a directory takes."""

    about: str
    write: Write = field(repr=False)
    is_split: bool = False


FORMATS: Mapping[str, Format] = {
    "beancount": Format(
        "a file for beancount, with the balances at its end to check it by",
        lambda statement, entries, extras: beancount(statement, entries, extras.trial_balance),
    ),
    "hledger": Format(
        "a file for hledger, with the balances at its end to check it by",
        lambda statement, entries, extras: hledger(statement, entries, extras.trial_balance),
    ),
    "csv": Format(
        "a row for each line of each entry",
        lambda statement, entries, extras: table(statement, entries),
    ),
    "stripe-activity": Format(
        "the columns of Stripe's balance_change_from_activity_itemized",
        lambda statement, entries, extras: activity(statement, entries, extras.describe),
    ),
    "stripe-payouts": Format(
        "the columns of Stripe's payout_itemized",
        lambda statement, entries, extras: payouts(statement, entries, extras.describe),
    ),
    "xero": Format(
        "manual journals for Xero, by currency, and the accounts that they name",
        lambda statement, entries, extras: xero(statement, entries, extras.chart),
        is_split=True,
    ),
    "quickbooks": Format(
        "the bank upload of QuickBooks, by currency: what Stripe's balance gained and lost",
        lambda statement, entries, extras: quickbooks(statement, entries),
        is_split=True,
    ),
}
"""Each format by the name that a command takes."""
