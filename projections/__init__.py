"""Projections: the current and past state of each kind, folded from the log."""

from projections.bookkeeping import BalanceChange, Journal, Report
from projections.drivers.bulk import MEMORY_MB
from projections.drivers.check import Difference
from projections.drivers.executors import Dask, Processes, Workers
from projections.drivers.leader import LeaderLease
from projections.drivers.rebuild import Rebuilt
from projections.drivers.rollback import RolledBack
from projections.errors import (
    AlreadyRunning,
    Ambiguous,
    BeyondHead,
    CutoverBlocked,
    NotFound,
    NothingToRollBack,
    NotReady,
    ProjectionError,
    RebuildStopped,
)
from projections.facade import Projections, RepairedKind
from projections.feed.check import FeedDifference
from projections.feed.notification import Cause, Notification
from projections.feed.queries import NotificationFilter, NotificationPage
from projections.journal.entry import Book, Entry
from projections.journal.reconciliation import Reconciliation, reconcile
from projections.journal.stored.balances import Balance
from projections.journal.stored.lists import EntryFilter, EntryPage
from projections.journal.stored.unproven import Unproven
from projections.journal.stored.view import View
from projections.kinds import KINDS
from projections.notifications import Feed, notification_types
from projections.objects.declaration import StripeObject
from projections.objects.types import Type
from projections.queries.current import Page, QueryResult, ResultPage
from projections.queries.drift import EVERYTHING, Drift
from projections.queries.overview import ProjectionState
from projections.queries.selector import ANY, RowSelector
from projections.rows.condition import Condition
from projections.rows.kind import COMMON, Field, Kind

__all__ = [
    "ANY",
    "COMMON",
    "EVERYTHING",
    "KINDS",
    "MEMORY_MB",
    "AlreadyRunning",
    "Ambiguous",
    "Balance",
    "BalanceChange",
    "BeyondHead",
    "Book",
    "Cause",
    "Condition",
    "CutoverBlocked",
    "Dask",
    "Difference",
    "Drift",
    "Entry",
    "EntryFilter",
    "EntryPage",
    "Feed",
    "FeedDifference",
    "Field",
    "Journal",
    "Kind",
    "LeaderLease",
    "NotFound",
    "NotReady",
    "NothingToRollBack",
    "Notification",
    "NotificationFilter",
    "NotificationPage",
    "Page",
    "Processes",
    "ProjectionError",
    "ProjectionState",
    "Projections",
    "QueryResult",
    "RebuildStopped",
    "Rebuilt",
    "Reconciliation",
    "RepairedKind",
    "Report",
    "ResultPage",
    "RolledBack",
    "RowSelector",
    "StripeObject",
    "Type",
    "Unproven",
    "View",
    "Workers",
    "notification_types",
    "reconcile",
]
