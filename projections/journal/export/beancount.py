"""The journal as a file for beancount, whose `bean-check` checks it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from projections.journal.entry import Entry, Posting
from projections.journal.exponents import decimal_text
from projections.journal.export.balances import AccountCurrency, Balances, TrialBalance
from projections.journal.export.names import commodity, program_account
from projections.journal.export.statement import Day, Part, Statement, day, printable

__all__ = ["beancount"]

_LINKED = re.compile(r"[A-Za-z0-9_.-]+")
_DAY_SECONDS = 86_400


def beancount(
    statement: Statement, entries: Iterable[Entry], trial_balance: TrialBalance | None = None
) -> Iterator[Part]:
    """Yield the file: accounts as they are first used, entries, and the balances at its end.

    The balances are those of ``trial_balance``, if there is one: then the file states what the
    entries have to come to, not what they do.
    """
    balances, opened = Balances(), set[str]()
    yield Part("", f'option "title" {_quoted(statement.title)}\n\n')
    for entry in statement.checked(entries):
        date = day(entry.posting.date)
        for key in balances.add(entry):
            yield from _opening(date, key.ledger_account, opened)
        yield Part("", "".join(_transaction(date, entry)))
    if balances.last_date is None:
        return
    # A balance is that of the beginning of its day.
    end = day(balances.last_date + _DAY_SECONDS)
    stated = balances.stated(trial_balance)
    sums = _with_children(stated)
    for key, _ in stated:
        yield from _opening(end, key.ledger_account, opened)
        account = program_account(key.ledger_account)
        yield Part("", _assertion(end, account, key.currency, sums[account, key.currency]))


def _opening(date: Day, ledger_account: str, opened: set[str]) -> Iterator[Part]:
    if ledger_account not in opened:
        opened.add(ledger_account)
        yield Part("", f"{date} open {program_account(ledger_account)}\n")


def _transaction(date: Day, entry: Entry) -> Iterator[str]:
    posting = entry.posting
    ids = dict.fromkeys([posting.object_id, *(line.object_id for line in posting.lines)])
    links = "".join(f" ^{id_}" for id_ in ids if _LINKED.fullmatch(id_))
    yield f"\n{date} * {_quoted(posting.category)} {_quoted(posting.object_id)}{links}\n"
    yield f"  entry: {_quoted(entry.id)}\n  cause: {_quoted(posting.cause)}\n"
    yield f"  known_from: {entry.known_from}\n"
    yield from _lines(posting)


def _lines(posting: Posting) -> Iterator[str]:
    for line in posting.lines:
        amount = f"{decimal_text(line.amount, line.currency)} {commodity(line.currency)}"
        yield f"  {program_account(line.ledger_account)}  {amount}\n"
        if line.object_id != posting.object_id:
            yield f"    object_id: {_quoted(line.object_id)}\n"


def _with_children(
    stated: Iterable[tuple[AccountCurrency, int]],
) -> dict[tuple[str, str], int]:
    """What beancount takes for the balance of an account, by name: with those below it."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for (ledger_account, currency), amount in stated:
        parts = program_account(ledger_account).split(":")
        for length in range(2, len(parts) + 1):
            sums[":".join(parts[:length]), currency] += amount
    return sums


def _assertion(date: Day, account: str, currency: str, amount: int) -> str:
    # Without `~ 0` it forgives the last digit.
    number = f"{decimal_text(amount, currency)} ~ 0 {commodity(currency)}"
    return f"{date} balance {account}  {number}\n"


def _quoted(text: str) -> str:
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
