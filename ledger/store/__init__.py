"""The event store: the only package that imports the eventsourcing library."""

# First, before anything imports the library.
import ledger.store.library  # noqa: F401  isort: skip
from ledger.store.application import Appended, Ledger, RecordedSnapshot

__all__ = ["Appended", "Ledger", "RecordedSnapshot"]
