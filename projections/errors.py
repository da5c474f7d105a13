"""The errors of the projections; the name says which rule broke."""

from __future__ import annotations

from ledger import LedgerError

__all__ = [
    "AlreadyRunning",
    "Ambiguous",
    "BeyondHead",
    "CutoverBlocked",
    "DataRefused",
    "NotFound",
    "NotReady",
    "NothingToRollBack",
    "ProjectionError",
    "RebuildStopped",
    "Unreadable",
]


class ProjectionError(LedgerError):
    """Base of everything the projections raise on purpose."""


class NotFound(ProjectionError):
    """No row has this id (or had it, at the time asked for)."""


class Ambiguous(ProjectionError):
    """The id exists in several accounts or modes; say which."""


class BeyondHead(ProjectionError):
    """A position was asked for that the log has not reached."""


class NotReady(ProjectionError):
    """The projection has not read so far, or lacks a column; trying again later succeeds."""


class AlreadyRunning(ProjectionError):
    """A rebuild of this kind runs already."""


class RebuildStopped(ProjectionError):
    """A rebuild was stopped before its cutover; the live table is as it was."""


class NothingToRollBack(ProjectionError):
    """No earlier table of the kind can serve again; the text says why."""


class CutoverBlocked(ProjectionError):
    """A rebuilt table could not become the live one; the text names what is in the way."""


class DataRefused(ProjectionError):
    """The database, or its driver, refuses a value; the text names the type and the constraint."""


class Unreadable(ProjectionError):
    """An event's value does not fit its field: the event becomes a dead letter of its row."""
