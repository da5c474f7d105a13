"""The ledger: an append-only log of the events that Stripe signed, verbatim."""

from ledger.appender import Appender
from ledger.chain import GENESIS
from ledger.errors import (
    ConfigurationError,
    ExportFailed,
    ImportRefused,
    LedgerError,
    QueueFull,
    SnapshotRefused,
    StoreUnavailable,
    UnknownCursor,
)
from ledger.event import SNAPSHOT, Delivery, Event, Quarantined, Reason, read_delivery
from ledger.export import export_lines
from ledger.importing import Gate, Imported, import_file
from ledger.limits import BATCHES, READS, Limits
from ledger.listing import Page
from ledger.log import Head, Log
from ledger.recorded import RecordedEvent
from ledger.scan import EventTypes
from ledger.snapshot import VOLATILE, Snapshot, cause_of
from ledger.store import Appended, Ledger, RecordedSnapshot
from ledger.urls import database_url
from ledger.verify import Verified, verify

__all__ = [
    "BATCHES",
    "GENESIS",
    "READS",
    "SNAPSHOT",
    "VOLATILE",
    "Appended",
    "Appender",
    "ConfigurationError",
    "Delivery",
    "Event",
    "EventTypes",
    "ExportFailed",
    "Gate",
    "Head",
    "ImportRefused",
    "Imported",
    "Ledger",
    "LedgerError",
    "Limits",
    "Log",
    "Page",
    "Quarantined",
    "QueueFull",
    "Reason",
    "RecordedEvent",
    "RecordedSnapshot",
    "Snapshot",
    "SnapshotRefused",
    "StoreUnavailable",
    "UnknownCursor",
    "Verified",
    "cause_of",
    "database_url",
    "export_lines",
    "import_file",
    "read_delivery",
    "verify",
]
