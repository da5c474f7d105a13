"""Conclusions: the current and past state of each kind, folded from the log."""

from projections.drivers.bulk import MEMORY_MB
from projections.drivers.check import Difference
from projections.drivers.leader import Lead
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
from projections.facade import Projections
from projections.kinds import KINDS
from projections.objects.types import Type
from projections.queries.current import ANY, Answer, Listed
from projections.queries.overview import ProjectionState
from projections.rows.kind import COMMON, Field, Kind

__all__ = [
    "ANY",
    "COMMON",
    "KINDS",
    "MEMORY_MB",
    "AlreadyRunning",
    "Ambiguous",
    "Answer",
    "BeyondHead",
    "CutoverBlocked",
    "Difference",
    "Field",
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
