"""The errors of handing out; the text is for a person."""

from __future__ import annotations

from ledger import LedgerError

__all__ = ["AddressRefused", "SubscriberRefused", "UnknownSubscriber"]


class SubscriberRefused(LedgerError):
    """A subscriber cannot be as it was wished; the text says what is wrong, ``parameter`` with
    which of its properties."""

    def __init__(self, text: str, *, parameter: str) -> None:
        super().__init__(text)
        self.parameter = parameter


class UnknownSubscriber(LedgerError):
    """There is no subscriber with this id."""


class AddressRefused(LedgerError):
    """Nothing is sent to the address that a URL leads to; the text says why."""
