"""Projections: the one door to all that is concluded from the log."""

from __future__ import annotations

import builtins
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger import Ledger, Log
from ledger.database import read_transaction
from projections.drivers.background import Background
from projections.drivers.bulk import MEMORY_MB, Progress
from projections.drivers.check import Difference, checked_at, compare, record
from projections.drivers.follow import advance
from projections.drivers.leader import Lead
from projections.drivers.rebuild import Rebuilder, Rebuilt
from projections.drivers.refold import Refolded
from projections.drivers.repair import repair_id, repair_since
from projections.drivers.rollback import RolledBack, rollback
from projections.errors import BeyondHead, NotReady
from projections.kinds import KINDS
from projections.queries import history
from projections.queries.current import ANY, Account, Answer, Listed, live, retried
from projections.queries.overview import ProjectionState, dead_letters, states, summary
from projections.rows.kind import Kind
from projections.rows.make import ProjectedRow
from projections.tables.catalog import Catalog
from projections.tables.engine import make_engine

__all__ = ["Projections"]

_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Projections:
    """Current and past state of every kind, and the follower's and rebuilder's work.

    Every method raises ``StoreUnavailable`` without a database.
    """

    catalog: Catalog
    log: Log
    kinds: Mapping[str, Kind]
    background_rebuilds: Background

    @classmethod
    def open(cls, ledger: Ledger, kinds: Mapping[str, Kind] = KINDS) -> Projections:
        """The projections of a ledger, beside its log."""
        catalog = Catalog(make_engine(ledger.engine.url))
        return cls(catalog, ledger.log, kinds, Background(Rebuilder(catalog, ledger.log)))

    def create(self) -> None:
        """Make the tables that are missing; safe from many processes at once."""
        self.catalog.create(self.kinds)

    def close(self) -> None:
        """Give the connections back, once a rebuild in the background has ended."""
        self.background_rebuilds.close()
        self.catalog.engine.dispose()

    # Following and rebuilding

    def follow(self, *, background: bool = False) -> int:
        """One round: read on where live tables stand; returns how many events were read.

        A kind whose declaration is new is rebuilt, beside the table that serves; so is one whose
        rebuild was asked for. With ``background`` that goes on while this returns, and what it
        raises is raised by a later round.
        """
        live, due = [], []
        with read_transaction(self.catalog.engine) as connection:
            owed = Rebuilder(self.catalog, self.log).owed(connection, self.kinds)
            live_tables = self.catalog.live_tables(connection)
        if self.kinds.keys() - live_tables.keys():
            self.create()
        for name, kind in self.kinds.items():
            live_table = live_tables.get(name)
            if live_table is None:
                continue
            if name in owed or kind.fingerprint not in live_table.history:
                due.append(kind)
            if live_table.fingerprint == kind.fingerprint:
                live.append(self.catalog.tables(kind, live_table.table_name))
        self.background_rebuilds.run(due, background=background)
        return advance(self.catalog, self.log, live)

    def lead(self) -> Lead:
        """A claim to follow for all who have the same declarations."""
        return Lead(self.catalog, self.kinds.values())

    def rebuild(
        self,
        kinds: Sequence[str] = (),
        *,
        processes: int = 1,
        memory_mb: int = MEMORY_MB,
        progress: Progress | None = None,
    ) -> builtins.list[Rebuilt]:
        """Rebuild kinds (all, if none is named) from the log; raises ``AlreadyRunning``.

        ``memory_mb`` bounds what all processes together hold of the log at a time.
        """
        names = kinds or list(self.kinds)
        chosen = [self.kinds[name] for name in names]
        rebuilder = Rebuilder(self.catalog, self.log, processes=processes, memory_mb=memory_mb)
        return rebuilder.rebuild(chosen, progress)

    def rollback(self, kind: str) -> RolledBack:
        """Let the table before the last cutover serve again, caught up; ``NothingToRollBack``."""
        return rollback(self.catalog, self.log, self.kinds[kind])

    def request_rebuild(self, kind: str) -> bool:
        """Ask the follower to rebuild a kind; False while a rebuild of it runs."""
        return Rebuilder(self.catalog, self.log).request(self.kinds[kind])

    def check(self, kinds: Sequence[str] = ()) -> builtins.list[Difference]:
        """Fold the log again and compare with the living rows; writes nothing."""
        return list(self.differences(kinds))

    def differences(
        self,
        kinds: Sequence[str] = (),
        *,
        processes: int = 1,
        memory_mb: int = MEMORY_MB // 2,
        progress: Progress | None = None,
    ) -> Iterator[Difference]:
        """``check``, one after the other as they are found: there may be millions."""
        chosen = [self.kinds[name] for name in kinds or list(self.kinds)]
        return compare(
            self.catalog, self.log, chosen, progress, processes=processes, memory_mb=memory_mb
        )

    def check_itself(self, tell: Callable[[Difference], None]) -> int:
        """``check`` of everything, with its outcome kept for ``states``: how many, each told."""
        counts: Counter[str] = Counter()
        for one in self.differences():
            counts[one.kind] += 1
            tell(one)
        record(self.catalog, self.kinds.values(), counts)
        return counts.total()

    def checked_at(self) -> int | None:
        """When everything was last checked (Unix seconds); None: never."""
        return checked_at(self.catalog)

    def refold(self, kind: str, id: str) -> bool:
        """Fold one row again from the log; False where nothing ever told of the id."""
        return self.repair(kind, id=id).pieces > 0

    def repair(
        self,
        kind: str,
        *,
        id: str | None = None,
        received_at: int = 0,
        progress: Progress | None = None,
    ) -> Refolded:
        """Fold again, in the living table, what is linked to an id; or else all that an event
        received since ``received_at`` (microseconds) tells of. ``NotReady``: not our table."""
        one = self.kinds[kind]
        if id is not None:
            return repair_id(self.catalog, self.log, one, id)
        return repair_since(self.catalog, self.log, one, received_at, progress)

    # Asking

    def one(
        self, kind: str, id: str, *, account: Account = ANY, livemode: bool | None = None
    ) -> Answer:
        """The row with an id; raises ``NotFound``, ``Ambiguous`` or ``NotReady``."""

        def ask() -> Answer:
            with live(self.catalog, self.kinds[kind]) as now:
                return Answer(now.one(id, account, livemode)[1], now.position)

        return retried(ask)

    def list(
        self,
        kind: str,
        *,
        filters: Mapping[str, Any] | None = None,
        created: Mapping[str, int] | None = None,
        limit: int = 10,
        starting_after: str | None = None,
        ending_before: str | None = None,
    ) -> Listed:
        """Rows newest first; raises ``UnknownCursor``, ``Ambiguous`` or ``NotReady``."""

        def ask() -> Listed:
            with live(self.catalog, self.kinds[kind]) as now:
                return now.list(
                    filters=filters or {},
                    created=created or {},
                    limit=limit,
                    starting_after=starting_after,
                    ending_before=ending_before,
                )

        return retried(ask)

    def at(
        self,
        kind: str,
        id: str,
        *,
        as_of: int | None = None,
        at_position: int | None = None,
        account: Account = ANY,
        livemode: bool | None = None,
    ) -> Answer:
        """The row as it was: from events created up to ``as_of``, or known at ``at_position``.

        Raises ``NotFound`` where nothing was known yet, ``BeyondHead``, ``Ambiguous``, or
        ``NotReady`` while the projection has not read up to the position.
        """
        made, position = self._made(kind, id, as_of, at_position, account, livemode)
        return Answer(made.row, position)

    def snapshot(
        self,
        kind: str,
        id: str,
        *,
        as_of: int | None = None,
        at_position: int | None = None,
        account: Account = ANY,
        livemode: bool | None = None,
    ) -> dict[str, Any] | None:
        """The newest Stripe object behind a row, as Stripe sent it; raises as ``at``."""
        made, _ = self._made(kind, id, as_of, at_position, account, livemode)
        return history.snapshot(self.kinds[kind], made, self.log)

    def timeline(
        self, kind: str, id: str, *, account: Account = ANY, livemode: bool | None = None
    ) -> Answer:
        """What happened to a row, oldest first; raises as ``one``."""
        with live(self.catalog, self.kinds[kind]) as now:
            found = history.past(now, self.log, id, account, livemode, upto=None)
        made = history.at(self.kinds[kind], found.entries, id)
        return Answer(history.timeline(self.kinds[kind], found, made), found.position)

    def _made(
        self,
        kind: str,
        id: str,
        as_of: int | None,
        at_position: int | None,
        account: Account,
        livemode: bool | None,
    ) -> tuple[ProjectedRow, int]:
        if at_position is not None:
            head = self.log.head().position
            if at_position > head:
                raise BeyondHead(f"the log ends at {head}")
            self.wait_for(kind, at_position, seconds=2)
        with live(self.catalog, self.kinds[kind]) as now:
            found = history.past(now, self.log, id, account, livemode, upto=at_position)
        entries = [e for e in found.entries if as_of is None or e.created <= as_of]
        return history.at(self.kinds[kind], entries, id), found.position

    def wait_for(self, kind: str, position: int, *, seconds: float) -> None:
        """Wait until a kind has read up to a position; raises ``NotReady`` if it does not."""
        deadline = time.monotonic() + seconds
        while self.position(kind) < position:
            if time.monotonic() >= deadline:
                raise NotReady(f"{kind} have not read up to {position} yet")
            time.sleep(_POLL_SECONDS)

    def position(self, kind: str) -> int:
        """How far the live table of a kind has read."""
        with live(self.catalog, self.kinds[kind]) as now:
            return now.position

    def states(self, clock: Callable[[], float] = time.time) -> builtins.list[ProjectionState]:
        """How each kind is doing."""
        return states(self.catalog, self.log, self.kinds, clock)

    def summary(self) -> Listed:
        """Totals per account, mode and currency."""
        return summary(self.catalog, self.kinds)

    def dead_letters(
        self,
        *,
        limit: int = 10,
        starting_after: str | None = None,
        ending_before: str | None = None,
        kind: str | None = None,
    ) -> Listed:
        """Events that could not be folded, by row, the newest row first; ``UnknownCursor``."""
        return dead_letters(self.catalog, kind, limit, starting_after, ending_before)
