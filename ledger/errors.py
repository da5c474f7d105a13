"""The errors of the ledger: the name says which rule was broken."""

from __future__ import annotations

__all__ = [
    "BackupFailed",
    "ConfigurationError",
    "ExportFailed",
    "ImportRefused",
    "LedgerError",
    "QueueFull",
    "SnapshotRefused",
    "StoreUnavailable",
    "UnknownCursor",
]


class LedgerError(Exception):
    """Base of the ledger's own errors; the text is for a person."""


class ConfigurationError(LedgerError):
    """A setting is wrong; the text says which one and what to write instead."""


class StoreUnavailable(LedgerError):
    """The database cannot be written or read; trying again later may succeed."""


class QueueFull(StoreUnavailable):
    """Too many deliveries wait to be written already."""


class UnknownCursor(LedgerError):
    """A list was to continue from an id that is not in it."""


class ImportRefused(LedgerError):
    """A line of an import, or the whole, cannot be appended to the log."""


class SnapshotRefused(LedgerError):
    """An answer of Stripe's cannot be kept as a snapshot record; the text says why."""


class BackupFailed(LedgerError):
    """No backup was made; what was at its place is still there."""


class ExportFailed(LedgerError):
    """An export is not whole, because the log is damaged or the file cannot be written."""
