"""What the journal consists of: lines, in postings that balance, which are entries while known."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import NamedTuple

__all__ = ["Book", "Entry", "Line", "Posting", "PostingKey", "entry_id"]


class Book(NamedTuple):
    """The books of one Stripe account in one mode; ``account`` is None for the ledger's own."""

    account: str | None
    livemode: bool


class Line(NamedTuple):
    """An amount on an account: in the currency's minor unit, a debit positive.

    ``object_id`` is whose money it is; of a clearing account the object that it clears.
    ``currency`` is in lower case.
    """

    ledger_account: str
    object_id: str
    amount: int
    currency: str


class PostingKey(NamedTuple):
    """Which posting: an event changes what an object puts on the accounts once at most."""

    book: Book
    object: str
    object_id: str
    cause: str


@dataclass(frozen=True, slots=True)
class Posting:
    """What one event changed for one object: never empty, and balanced in each currency.

    ``date`` is the money's, in seconds. ``object`` and ``object_id`` name what changed its state,
    ``cause`` the event. ``category`` says what it is for summaries: of a balance transaction its
    reporting category, else the name of the rule. ``balance_type`` is a balance transaction's.
    """

    book: Book
    date: int
    object_id: str
    object: str
    cause: str
    category: str
    balance_type: str | None
    lines: tuple[Line, ...]

    @property
    def key(self) -> PostingKey:
        """Which one it is: of a key, at most one holds at any position."""
        return PostingKey(self.book, self.object, self.object_id, self.cause)


@dataclass(frozen=True, slots=True)
class Entry:
    """A posting from when on it was known, until what became known replaced it.

    Both are positions of the log; it holds at those from ``known_from`` on that are before
    ``known_until``.
    """

    id: str
    posting: Posting
    known_from: int
    known_until: int | None = None

    @classmethod
    def of(cls, posting: Posting, known_from: int) -> Entry:
        """The entry that a posting becomes at a position."""
        return cls(entry_id(posting.key, known_from), posting, known_from)

    def as_of(self, position: int) -> Entry:
        """The entry as it was known at a position: what ended it later is not known."""
        until = self.known_until
        return self if until is None or until <= position else replace(self, known_until=None)


def entry_id(key: PostingKey, known_from: int) -> str:
    """The id of an entry: the same wherever the same log is read."""
    book = key.book
    parts = (
        book.account or "", "live" if book.livemode else "test",
        key.object, key.object_id, key.cause, str(known_from),
    )  # fmt: skip
    return "jrn_" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
