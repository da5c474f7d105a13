"""The journal as a file for hledger, whose `hledger check --strict` checks it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import quote

from projections.journal.entry import Entry, Posting
from projections.journal.exponents import decimal_text, decimals
from projections.journal.export.balances import AccountCurrency, Balances, TrialBalance
from projections.journal.export.names import commodity, program_account
from projections.journal.export.statement import Day, Part, Statement, day

__all__ = ["hledger"]


def hledger(
    statement: Statement, entries: Iterable[Entry], trial_balance: TrialBalance | None = None
) -> Iterator[Part]:
    """Yield the file: accounts as they are first used, entries, and the balances at its end.

    The balances are those of ``trial_balance``, if there is one: then the file states what the
    entries have to come to, not what they do.
    """
    balances, declared = Balances(), set[str]()
    yield Part("", f"; {statement.title}\ndecimal-mark .\n\n")
    for entry in statement.checked(entries):
        for key in balances.add(entry):
            yield from _declaration(key, declared)
        yield Part("", "".join(_transaction(day(entry.posting.date), entry)))
    if balances.last_date is None:
        return
    stated = balances.stated(trial_balance)
    for key, _ in stated:
        yield from _declaration(key, declared)
    yield Part("", f"{day(balances.last_date)} balances at position {statement.at_position}\n")
    for key, amount in stated:
        yield Part("", _assertion(key, amount))


def _declaration(key: AccountCurrency, declared: set[str]) -> Iterator[Part]:
    places = decimals(key.currency)
    for text in (
        f"commodity 1000.{'0' * places} {_symbol(key.currency)}\n",
        f"account {program_account(key.ledger_account)}\n",
    ):
        if text not in declared:
            declared.add(text)
            yield Part("", text)


def _transaction(date: Day, entry: Entry) -> Iterator[str]:
    posting = entry.posting
    tags = f"cause:{_plain(posting.cause)}, known_from:{entry.known_from}"
    about = f"{_plain(posting.category)} {_plain(posting.object_id)}"
    yield f"{date} * ({entry.id}) {about}  ; {tags}\n"
    yield from _lines(posting)
    yield "\n"


def _lines(posting: Posting) -> Iterator[str]:
    for line in posting.lines:
        amount = _amount(line.amount, line.currency)
        tag = f"object_id:{_plain(line.object_id)}"
        yield f"    {program_account(line.ledger_account)}  {amount}  ; {tag}\n"


def _assertion(key: AccountCurrency, amount: int) -> str:
    nothing, stated = _amount(0, key.currency), _amount(amount, key.currency)
    return f"    {program_account(key.ledger_account)}  {nothing} = {stated}\n"


def _amount(amount: int, currency: str) -> str:
    return f"{decimal_text(amount, currency)} {_symbol(currency)}"


def _symbol(currency: str) -> str:
    name = commodity(currency)
    return name if name.isalpha() else f'"{name}"'


def _plain(text: str) -> str:
    """A text without what begins a comment, ends a tag or means a status: as in a URL."""
    return quote(text, safe=" ")
