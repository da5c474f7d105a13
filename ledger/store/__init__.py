"""The event store, and the only room that knows the eventsourcing library."""

from ledger.store.application import Appended, Ledger

__all__ = ["Appended", "Ledger"]
