"""The errors of handing out; the text is for a person."""

from __future__ import annotations

from ledger import LedgerError

__all__ = ["SubscriberRefused", "UnknownSubscriber"]


class SubscriberRefused(LedgerError):
    """A subscriber cannot be as it was wished; the text says what is wrong."""


class UnknownSubscriber(LedgerError):
    """There is no subscriber with this id."""
