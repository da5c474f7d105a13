"""Projections: the current and past state of each kind, folded from the log."""

from projections.drivers.bulk import MEMORY_MB
from projections.drivers.check import Difference
from projections.drivers.leader import LeaderLease
from projections.drivers.rebuild import Rebuilt
from projections.drivers.repair import Repaired
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
from projections.queries.current import Page, QueryResult, ResultPage
from projections.queries.overview import ProjectionState
from projections.queries.selector import ANY, RowSelector
from projections.rows.kind import COMMON, Field, Kind

__all__ = [
    "ANY",
    "COMMON",
    "KINDS",
    "MEMORY_MB",
    "AlreadyRunning",
    "Ambiguous",
    "BeyondHead",
    "CutoverBlocked",
    "Difference",
    "Field",
    "Kind",
    "LeaderLease",
    "NotFound",
    "NotReady",
    "NothingToRollBack",
    "Page",
    "ProjectionError",
    "ProjectionState",
    "Projections",
    "QueryResult",
    "RebuildStopped",
    "Rebuilt",
    "Repaired",
    "ResultPage",
    "RolledBack",
    "RowSelector",
    "Type",
]
