"""The ledger: an append-only log of the events that Stripe signed, verbatim."""

from ledger.appender import Appender
from ledger.chain import GENESIS
from ledger.database import database_url
from ledger.errors import (
    ConfigurationError,
    ImportRefused,
    LedgerError,
    QueueFull,
    StoreUnavailable,
    UnknownCursor,
)
from ledger.event import Delivery, Event, Quarantined, Reason, read_delivery
from ledger.log import Head, Log, Page
from ledger.recorded import RecordedEvent
from ledger.store import Appended, Ledger
from ledger.transfer import Imported, export_lines, import_lines
from ledger.verify import Verified, verify

__all__ = [
    "GENESIS",
    "Appended",
    "Appender",
    "ConfigurationError",
    "Delivery",
    "Event",
    "Head",
    "ImportRefused",
    "Imported",
    "Ledger",
    "LedgerError",
    "Log",
    "Page",
    "Quarantined",
    "QueueFull",
    "Reason",
    "RecordedEvent",
    "StoreUnavailable",
    "UnknownCursor",
    "Verified",
    "database_url",
    "export_lines",
    "import_lines",
    "read_delivery",
    "verify",
]
