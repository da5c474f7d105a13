"""The error tree of the ledger: the name says which rule broke."""

from __future__ import annotations

__all__ = [
    "ConfigurationError",
    "ImportRefused",
    "LedgerError",
    "QueueFull",
    "StoreUnavailable",
    "UnknownCursor",
]


class LedgerError(Exception):
    """Base of everything the ledger raises on purpose; its text is for a person."""


class ConfigurationError(LedgerError):
    """A setting is wrong: the text says which one and what to write instead."""


class StoreUnavailable(LedgerError):
    """The store cannot commit or be read now; trying again later may succeed."""


class QueueFull(StoreUnavailable):
    """Too many deliveries wait for the appender already."""


class UnknownCursor(LedgerError):
    """A list was asked to go on from an id that is not in it."""


class ImportRefused(LedgerError):
    """A line of an import cannot be taken into the log."""
