"""The event store: the only package that imports the eventsourcing library."""

from ledger.store.application import Appended, Ledger

__all__ = ["Appended", "Ledger"]
