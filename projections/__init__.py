"""Conclusions: the current and past state of each kind, folded from the log."""

from projections.bulk import MEMORY_MB
from projections.check import Difference
from projections.declare import COMMON, Field, Kind
from projections.errors import (
    AlreadyRunning,
    Ambiguous,
    BeyondHead,
    FlipBlocked,
    NotFound,
    NothingToRollBack,
    NotReady,
    ProjectionError,
    RebuildStopped,
)
from projections.facade import Projections
from projections.kinds import KINDS
from projections.lead import Lead
from projections.overview import ProjectionState
from projections.queries import ANY, Answer, Listed
from projections.rebuild import Rebuilt
from projections.rollback import RolledBack
from projections.values import Type

__all__ = [
    "ANY",
    "COMMON",
    "KINDS",
    "MEMORY_MB",
    "AlreadyRunning",
    "Ambiguous",
    "Answer",
    "BeyondHead",
    "Difference",
    "Field",
    "FlipBlocked",
    "Kind",
    "Lead",
    "Listed",
    "NotFound",
    "NotReady",
    "NothingToRollBack",
    "ProjectionError",
    "ProjectionState",
    "Projections",
    "RebuildStopped",
    "Rebuilt",
    "RolledBack",
    "Type",
]
