"""The journal in the columns of Stripe's own reports, so that rules for those take it.

`balance_change_from_activity_itemized` has every balance transaction but those of payouts,
`payout_itemized` has those. What the journal does not hold, such as when money becomes available,
is described by whoever asks; what nobody describes is empty.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from projections.journal.accounts import CLEARING_CHARGE, is_balance, type_of
from projections.journal.entry import Entry, Line, Posting
from projections.journal.exponents import decimal_text
from projections.journal.export.cells import csv_row, text_cell
from projections.journal.export.statement import Part, Statement, moment

__all__ = ["Describe", "activity", "nothing", "payouts"]

Describe = Callable[[str, str], Mapping[str, Any]]
"""What is known of an object, by its type and its id, as fields of its row; empty if nothing is."""

# The first nine are those that Stripe gives by default, in its order: rules count on it.
_ACTIVITY = (
    "balance_transaction_id", "created_utc", "available_on_utc", "currency", "gross", "fee", "net",
    "reporting_category", "description", "source_id", "charge_id", "automatic_payout_id",
)  # fmt: skip
_PAYOUTS = (
    "payout_id", "effective_at_utc", "effective_at", "currency", "gross", "fee", "net",
    "reporting_category", "balance_transaction_id", "description", "payout_expected_arrival_date",
    "payout_status", "payout_reversed_at_utc", "payout_reversed_at", "payout_type",
    "payout_description", "payout_destination_id",
)  # fmt: skip
_PAYOUT_CATEGORIES = frozenset({"payout", "payout_reversal"})


class _Movement(NamedTuple):
    """A balance transaction, in the currency of the balance."""

    posting: Posting
    currency: str
    gross: int
    fee: int
    net: int
    source: str
    charge: str

    def amounts(self, sign: int) -> list[str]:
        return [
            decimal_text(sign * amount, self.currency)
            for amount in (self.gross, self.fee, self.net)
        ]


def nothing(_object: str, _id: str) -> Mapping[str, Any]:
    return {}


def activity(
    statement: Statement, entries: Iterable[Entry], describe: Describe = nothing
) -> Iterator[Part]:
    """Yield `balance_change_from_activity_itemized`."""
    yield Part("", csv_row(_ACTIVITY))
    for movement in _movements(statement, entries):
        posting = movement.posting
        if posting.category in _PAYOUT_CATEGORIES:
            continue
        row = describe("balance_transaction", posting.object_id)
        cells = (
            text_cell(posting.object_id), moment(posting.date), _moment(row.get("available_on")),
            text_cell(movement.currency), *movement.amounts(1), text_cell(posting.category),
            text_cell(row.get("description")), text_cell(movement.source),
            text_cell(movement.charge), text_cell(row.get("payout")),
        )  # fmt: skip
        yield Part("", csv_row(cells))


def payouts(
    statement: Statement, entries: Iterable[Entry], describe: Describe = nothing
) -> Iterator[Part]:
    """Yield `payout_itemized`: what went to the bank is positive, what came back negative."""
    yield Part("", csv_row(_PAYOUTS))
    for movement in _movements(statement, entries):
        posting = movement.posting
        if posting.category not in _PAYOUT_CATEGORIES:
            continue
        row = describe("payout", movement.source)
        effective, reversed_at = moment(posting.date), _moment(row.get("failed_at"))
        cells = (
            text_cell(movement.source), effective, effective, text_cell(movement.currency),
            *movement.amounts(-1), text_cell(posting.category), text_cell(posting.object_id),
            text_cell(row.get("statement_descriptor")), _moment(row.get("arrival_date")),
            text_cell(row.get("status")), reversed_at, reversed_at, text_cell(row.get("type")),
            text_cell(row.get("description")), text_cell(row.get("destination")),
        )  # fmt: skip
        yield Part("", csv_row(cells))


def _movements(statement: Statement, entries: Iterable[Entry]) -> Iterator[_Movement]:
    """The balance transactions, oldest first; of several entries of one, the sum.

    All of them have its date, for it has but one.
    """
    for _, of_a_date in groupby(statement.checked(entries), key=lambda entry: entry.posting.date):
        by_id: dict[str, list[Posting]] = {}
        for entry in of_a_date:
            if entry.posting.object == "balance_transaction":
                by_id.setdefault(entry.posting.object_id, []).append(entry.posting)
        for postings in by_id.values():
            yield from _summed(postings)


def _summed(postings: Sequence[Posting]) -> Iterator[_Movement]:
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for posting in postings:
        for line in posting.lines:
            sums[line.ledger_account, line.object_id, line.currency] += line.amount
    lines = [Line(account, id_, amount, currency)
             for (account, id_, currency), amount in sums.items() if amount]  # fmt: skip
    # What is kept whole by a fee moves the balance by nothing.
    for currency in dict.fromkeys(line.currency for line in lines if _is_kept(line)):
        yield _movement(postings[-1], lines, currency)


def _is_kept(line: Line) -> bool:
    """Whether it says what became of the amount: net on the balance, or a fee."""
    return is_balance(line.ledger_account) or type_of(line.ledger_account) == "expense"


def _movement(posting: Posting, lines: Sequence[Line], currency: str) -> _Movement:
    own = [line for line in lines if line.currency == currency]
    net = sum(line.amount for line in own if is_balance(line.ledger_account))
    gross = sum(line.amount for line in own if _is_kept(line))
    if all(_is_kept(line) for line in own):  # the fee is what moved; nothing was kept of anything
        gross = net
    source = next(line.object_id for line in own if _is_kept(line))
    charge = [line.object_id for line in lines if line.ledger_account == CLEARING_CHARGE]
    return _Movement(
        posting, currency, gross, gross - net, net,
        source if source != posting.object_id else "", charge[0] if charge else "",
    )  # fmt: skip


def _moment(seconds: Any) -> str:
    return moment(seconds) if isinstance(seconds, int) else ""
