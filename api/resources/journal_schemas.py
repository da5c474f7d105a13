"""Entries, balances and what is not proven, as they are shown."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from api.resources import schemas
from api.resources.schemas import (
    ResponseSchema,
    array,
    boolean,
    computed,
    constant,
    integer,
    text,
)
from projections import Balance, Book, Entry, Unproven


class LineSchema(ResponseSchema):
    """An amount on an account."""

    ledger_account = text("The account, like `Stripe:Balance`.")
    object_id = text("Whose money it is; of a clearing account what it clears.")
    amount = integer("In the minor unit; a debit is positive.")
    currency = text("Three-letter ISO code, lower case.")


class EntrySchema(ResponseSchema):
    """What one event changed; its lines sum to zero in each currency."""

    object = constant("journal_entry")
    id = text("The same wherever the same log is read.")
    date = integer("When the money moved, Unix seconds.")
    object_id = text("The Stripe object whose state changed.")
    cause = text("The event that changed it.")
    category = text("What it is, in a word.")
    known_from = integer("The log position from which on it is known.")
    known_until = integer("The position from which on it is replaced; null: it holds.",
                          allow_none=True)  # fmt: skip
    lines = array(fields.Nested(LineSchema), "Its lines.")
    account = schemas.account()
    livemode = schemas.livemode()


def _id_in_book(book: Book, *parts: str) -> str:
    return ":".join([book.account or "self", "live" if book.livemode else "test", *parts])


def balance_id(balance: Balance) -> str:
    """A balance's id: ``self:live:Sales:eur``."""
    return _id_in_book(balance.book, balance.ledger_account, balance.currency)


class BalanceSchema(ResponseSchema):
    """What an account of a book holds in a currency."""

    object = constant("journal_balance")
    id = computed("string", balance_id, "Account, mode, ledger account and currency.")
    ledger_account = text("The account, like `Stripe:Balance`.")
    type = text("asset, liability, income, expense, clearing, equity or suspense.")
    currency = text("Three-letter ISO code, lower case.")
    debit = integer("The sum of its debits, in the minor unit.")
    credit = integer("The sum of its credits.")
    balance = integer("Debits less credits.")
    account = text("The book's account; null is the ledger's own.", allow_none=True,
                           attribute="book.account")  # fmt: skip
    livemode = boolean("Whether the book is of live mode.", attribute="book.livemode")


class TotalSchema(ResponseSchema):
    """The sums of a currency, which are equal."""

    currency = text("Three-letter ISO code, lower case.")
    debit = integer("The sum of all debits.")
    credit = integer("The sum of all credits.")


class TrialBalanceSchema(ResponseSchema):
    """Every balance, and what they sum to."""

    object = constant("list")
    url = text("The path of the list.")
    has_more = boolean("False: it is whole.")
    data = array(fields.Nested(BalanceSchema), "The balances.")
    totals = array(fields.Nested(TotalSchema), "By currency.")
    before = integer("Only money dated before this time; null: all.", allow_none=True)
    at_position = integer("As known at this position: the same for ever.")
    rules = text("Names the rules that it follows.")


def unproven_id(item: Unproven) -> str:
    """An item's id: ``self:live:Clearing:Charge:ch_1:eur``."""
    return _id_in_book(item.book, item.ledger_account, item.object_id, item.currency)


class UnprovenSchema(ResponseSchema):
    """A clearing account of an object that is not zero."""

    object = constant("journal_unproven")
    id = computed("string", unproven_id, "Account, mode, clearing account, object and currency.")
    ledger_account = text("The clearing account.")
    object_id = text("What it clears.")
    currency = text("Three-letter ISO code, lower case.")
    since = integer("The date of its first line, Unix seconds.")
    amount = integer("What is not cleared: both legs together.")
    commercial = integer("What the object's state puts there.")
    settlement = integer("What balance transactions put there.")
    reason = text("no_settlement_leg, no_commercial_leg or amounts_differ.")
    account = text("The book's account; null is the ledger's own.", allow_none=True,
                           attribute="book.account")  # fmt: skip
    livemode = boolean("Whether the book is of live mode.", attribute="book.livemode")


def entry_members(entry: Entry) -> dict[str, Any]:
    """An entry as it is shown."""
    posting = entry.posting
    return {
        "id": entry.id,
        "date": posting.date,
        "object_id": posting.object_id,
        "cause": posting.cause,
        "category": posting.category,
        "known_from": entry.known_from,
        "known_until": entry.known_until,
        "lines": [line._asdict() for line in posting.lines],
        "account": posting.book.account,
        "livemode": posting.book.livemode,
    }
