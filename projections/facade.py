"""The facade: everything that is projected from the log, behind one class."""

from __future__ import annotations

import builtins
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger import Ledger, Log, Snapshot
from projections.drivers.background import Background
from projections.drivers.bulk import MEMORY_MB, Progress
from projections.drivers.check import Difference, checked_at, compare, record
from projections.drivers.claims import Claims, Due
from projections.drivers.executors import Workers
from projections.drivers.follow import advance
from projections.drivers.leader import LeaderLease
from projections.drivers.rebuild import Rebuilder, Rebuilt
from projections.drivers.repair import repair_id, repair_since
from projections.drivers.rollback import RolledBack, rollback
from projections.drivers.serving import Serving
from projections.kinds import KINDS, declared
from projections.queries.current import Page, QueryResult, ResultPage, list_rows
from projections.queries.drift import Drift, drifts, keys_of_sample
from projections.queries.finder import Finder
from projections.queries.overview import ProjectionState, dead_letters, states, summary
from projections.queries.search import search
from projections.queries.selector import RowSelector
from projections.rows.family import Family, families, in_families
from projections.rows.kind import Kind
from projections.rows.personal import without_personal_data
from projections.tables.catalog import Catalog
from projections.tables.engine import make_engine
from projections.tables.event_types import begin_noting
from projections.tables.live import live_rows, retried

__all__ = ["Projections", "RepairedKind"]

_BACKGROUND_MB = 60
_NOW = RowSelector()
_FIRST_PAGE = Page()


@dataclass(frozen=True, slots=True)
class RepairedKind:
    """How many components were folded again, and how many rows of a kind that changed."""

    components: int
    changed: int


@dataclass(frozen=True)
class Projections:
    """Current and past state of every kind, and the follower's and rebuilder's work.

    Every method raises ``StoreUnavailable`` without a database.
    """

    catalog: Catalog
    log: Log
    kinds: Mapping[str, Kind]
    alternatives: Mapping[str, Kind]
    background: Background
    finder: Finder
    families: Sequence[Family]

    @classmethod
    def open(
        cls, ledger: Ledger, kinds: Mapping[str, Kind] = KINDS, *, personal_data: bool = True
    ) -> Projections:
        """The projections of a ledger, beside its log; without ``personal_data`` what is declared
        personal is left out."""
        others: Mapping[str, Kind] = without_personal_data(kinds)
        if kinds is KINDS:
            # Those that other processes have, too.
            others = declared(personal_data=False)
        if not personal_data:
            kinds, others = others, kinds
        kinds, others = in_families(kinds), in_families(others)
        catalog = Catalog(make_engine(ledger), ledger.log)
        # Beside the follower's own work: both together stay below 200 MB.
        background = Background(Rebuilder(catalog, ledger.log, memory_mb=_BACKGROUND_MB))
        finder = Finder(catalog, ledger.log, kinds)
        its_families = families(kinds.values())
        return cls(catalog, ledger.log, kinds, others, background, finder, its_families)

    def create(self) -> None:
        """Make the tables that are missing; safe from many processes at once."""
        self.catalog.create(self.kinds, self.alternatives)
        begin_noting(self.catalog)

    def close(self) -> None:
        """Give the connections back, once a rebuild in the background has ended."""
        self.background.close()
        self.catalog.engine.dispose()

    # Following and rebuilding

    def follow(self, *, background: bool = False) -> int:
        """One round: read on from the live tables' checkpoints; returns how many events were read.

        A kind whose declaration is new is rebuilt, beside the table that serves; so is one whose
        rebuild was asked for. With ``background`` that goes on while this returns, and what it
        raises is raised by a later round.
        """
        serving = Serving.read(self.catalog, self.families)
        if serving.lacks(self.kinds):
            self.create()
        self.background.run(serving.due(), background=background)
        return advance(self.catalog, self.log, serving.units())

    def leader(self, role: str = "") -> LeaderLease:
        """A claim to follow, or to do some other work, for all processes that have the same
        declarations."""
        return LeaderLease(self.catalog, self.kinds.values(), role)

    def rebuild(
        self,
        kinds: Sequence[str] = (),
        *,
        rows_only: bool = False,
        workers: Workers | None = None,
        memory_mb: int = MEMORY_MB,
        progress: Progress | None = None,
    ) -> builtins.list[Rebuilt]:
        """Rebuild kinds (all, if none is named) from the log; raises ``AlreadyRunning``.

        With each kind all of its family, which share their states; with ``rows_only`` only the
        rows of the kinds, from the states that there are (``NotReady`` without such).
        ``memory_mb`` bounds what all workers together hold of the log at a time.
        """
        rebuilder = Rebuilder(self.catalog, self.log, workers=workers, memory_mb=memory_mb)
        return rebuilder.rebuild(self._asked_for(kinds, rows_only=rows_only), progress)

    def _asked_for(self, kinds: Sequence[str], *, rows_only: bool) -> builtins.list[Due]:
        chosen = {kind.name for kind in self._chosen(kinds)}
        wanted = [each for each in self.families if chosen & {kind.name for kind in each.kinds}]
        if not rows_only:
            return [Due(family, family.kinds) for family in wanted]
        serving = Serving.read(self.catalog, self.families)
        return [
            Due(family, tuple(kind for kind in family.kinds if kind.name in chosen), store)
            for family in wanted
            if (store := serving.states_of(family))
        ]

    def rollback(self, kind: str) -> RolledBack:
        """Serve the table before the last cutover again, caught up; ``NothingToRollBack``."""
        family = next(each for each in self.families if self.kinds[kind] in each.kinds)
        return rollback(self.catalog, self.log, family, self.kinds[kind])

    def request_rebuild(self, kind: str) -> bool:
        """Ask the follower to rebuild a kind; False while a rebuild of it runs."""
        return Claims(self.catalog).request(self.kinds[kind])

    def check(self, kinds: Sequence[str] = ()) -> builtins.list[Difference]:
        """Project the log anew and compare with the live rows; writes nothing."""
        return list(self.differences(kinds))

    def differences(
        self,
        kinds: Sequence[str] = (),
        *,
        workers: Workers | None = None,
        memory_mb: int = MEMORY_MB // 2,
        progress: Progress | None = None,
    ) -> Iterator[Difference]:
        """``check``, each difference as it is found: there may be millions."""
        chosen = self._chosen(kinds)
        return compare(
            self.catalog,
            self.log,
            {
                family: its
                for family in self.families
                if (its := [kind for kind in family.kinds if kind in chosen])
            },
            progress,
            workers=workers,
            memory_mb=memory_mb,
        )

    def check_all(
        self, on_difference: Callable[[Difference], None], kinds: Sequence[str] = ()
    ) -> int:
        """``check``, its result stored for ``states``; returns how many fields differ."""
        counts: Counter[str] = Counter()
        for difference in self.differences(kinds):
            counts[difference.kind] += 1
            on_difference(difference)
        record(self.catalog, self._chosen(kinds), counts)
        return counts.total()

    def checked_at(self) -> int | None:
        """When everything was last checked (Unix seconds); None: never."""
        return checked_at(self.catalog)

    def refold(self, kind: str, id: str) -> bool:
        """Fold one row again from the log; False where no event ever named the id."""
        return self.repair([kind], id=id)[kind].components > 0

    def repair(
        self,
        kinds: Sequence[str] = (),
        *,
        id: str | None = None,
        received_at: int = 0,
        progress: Progress | None = None,
    ) -> dict[str, RepairedKind]:
        """Fold again what is linked to an id, or else the objects of all events received since
        ``received_at`` (microseconds), and draw the live rows of that; with each kind those of
        all its family. ``NotReady``: another version's table."""
        chosen = self._chosen(kinds)
        repaired: dict[str, RepairedKind] = {}
        for unit in Serving.read(self.catalog, self.families).units_of(chosen):
            if id is not None:
                result = repair_id(self.catalog, self.log, unit, id)
            else:
                result = repair_since(self.catalog, self.log, unit, received_at, progress)
            for tables in unit.rows:
                name = tables.kind.name
                repaired[name] = RepairedKind(result.components, result.changed[name])
        return {kind.name: repaired[kind.name] for kind in chosen}

    def _chosen(self, kinds: Sequence[str]) -> builtins.list[Kind]:
        return [self.kinds[name] for name in kinds or list(self.kinds)]

    def drift(self, snapshots: Sequence[Snapshot]) -> builtins.list[builtins.list[Drift]]:
        """Where the stored state differs from Stripe's answer, for each of some; ``NotReady``."""
        return retried(lambda: drifts(self.catalog, self.families, snapshots))

    def sample(self, object: str, count: int, livemode: bool) -> Sequence[tuple[str, str | None]]:
        """Ids of some of Stripe's objects of a name that are known, with their accounts."""
        return keys_of_sample(self.catalog, self.families, object, count, livemode=livemode)

    # Queries

    def get(self, kind: str, id: str, selector: RowSelector = _NOW) -> QueryResult:
        """The row with an id, as it is now or as the selector says.

        Raises ``NotFound`` (also where nothing was known yet then), ``Ambiguous``, ``BeyondHead``,
        or ``NotReady`` while the projection has not read up to ``at_position``.
        """
        return self.finder.get(kind, id, selector)

    def list(
        self,
        kind: str,
        *,
        filters: Mapping[str, Any] | None = None,
        created: Mapping[str, int] | None = None,
        page: Page = _FIRST_PAGE,
    ) -> ResultPage:
        """Rows newest first; raises ``UnknownCursor`` or ``NotReady``."""

        def query() -> ResultPage:
            with live_rows(self.catalog, self.kinds[kind]) as live:
                return list_rows(live, filters=filters or {}, created=created or {}, page=page)

        return retried(query)

    def search(self, text: str) -> ResultPage:
        """Rows of every kind that are found by a text, the best 20 of them."""
        return retried(lambda: search(self.catalog, self.kinds.values(), text))

    def snapshot(self, kind: str, id: str, selector: RowSelector = _NOW) -> dict[str, Any] | None:
        """The newest Stripe object behind a row, as Stripe sent it; raises as ``get``."""
        return self.finder.snapshot(kind, id, selector)

    def timeline(
        self, kind: str, id: str, selector: RowSelector = _NOW, page: Page | None = None
    ) -> ResultPage:
        """What each event changed in a row, oldest first; as ``get``, and ``UnknownCursor``."""
        return self.finder.timeline(kind, id, selector, page)

    def sources(self, kind: str, id: str, selector: RowSelector = _NOW) -> ResultPage:
        """For each field of a row the event that set it; raises as ``get``."""
        return self.finder.sources(kind, id, selector)

    def wait_for(self, kind: str, position: int, *, seconds: float) -> None:
        """Wait until a kind has read up to a position; raises ``NotReady`` if it does not."""
        self.finder.wait_for(kind, position, seconds=seconds)

    def position(self, kind: str) -> int:
        """How far the live table of a kind has read."""
        return self.finder.position(kind)

    def states(self, clock: Callable[[], float] = time.time) -> builtins.list[ProjectionState]:
        """How each projection is doing."""
        return states(self.catalog, self.log, self.kinds, clock)

    def summary(self, *, since: int | None = None) -> ResultPage:
        """Totals per account, mode and currency, of the rows created since a time."""
        return summary(self.catalog, self.kinds, since)

    def dead_letters(self, *, kind: str | None = None, page: Page = _FIRST_PAGE) -> ResultPage:
        """Events that could not be folded, by row, the greatest id first; ``UnknownCursor``."""
        return dead_letters(self.catalog, kind, page)
