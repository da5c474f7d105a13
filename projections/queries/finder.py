"""Finding one row by any id of it: now, in the past, and with all that changed it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ledger import Log
from projections.errors import BeyondHead, NotFound, NotReady
from projections.objects.types import Type
from projections.queries import history
from projections.queries.current import Page, QueryResult, ResultPage, first_naming, get_row
from projections.queries.selector import RowSelector
from projections.rows.kind import Kind
from projections.rows.make import ProjectedRow
from projections.tables.catalog import Catalog
from projections.tables.live import live_rows, retried

__all__ = ["Finder"]

T = TypeVar("T")
Find = Callable[[Kind, str, RowSelector], T]

_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Finder:
    """Finds single rows of every kind.

    An id finds the row that has it, or that one of its aliases has; else the row that another
    kind's row with the id names: an order by its invoice, as the invoice tells.
    """

    catalog: Catalog
    log: Log
    kinds: Mapping[str, Kind]

    def get(self, kind: str, id: str, selector: RowSelector) -> QueryResult:
        """The row with an id, as it is now or as the selector says."""
        return self._by_any_id(self._row, self.kinds[kind], id, selector)

    def snapshot(self, kind: str, id: str, selector: RowSelector) -> dict[str, Any] | None:
        """The newest Stripe object behind a row, as Stripe sent it."""
        projected, _ = self._by_any_id(self._past, self.kinds[kind], id, selector)
        return history.snapshot(self.kinds[kind], projected, self.log)

    def timeline(
        self, kind: str, id: str, selector: RowSelector, page: Page | None = None
    ) -> ResultPage:
        """What each event changed in a row, oldest first: a page, or all."""

        def find(kind: Kind, id: str, selector: RowSelector) -> ResultPage:
            with live_rows(self.catalog, kind) as live:
                past = history.history_of(live, self.log, id, selector)
            projected = history.row_at(kind, past.events, id)
            return history.timeline(kind, past, projected, page)

        return self._by_any_id(find, self.kinds[kind], id, selector)

    def sources(self, kind: str, id: str, selector: RowSelector) -> ResultPage:
        """For each field of a row the event of its own that gave it its value."""
        timeline = self.timeline(kind, id, selector)
        row = self.get(kind, id, selector).row
        return replace(timeline, items=history.sources(self.kinds[kind], row, timeline.items))

    def wait_for(self, kind: str, position: int, *, seconds: float) -> None:
        """Wait until a kind has read up to a position; raises ``NotReady`` if it does not."""
        deadline = time.monotonic() + seconds
        while self.position(kind) < position:
            if time.monotonic() >= deadline:
                raise NotReady(f"{kind} have not read up to {position} yet")
            time.sleep(_POLL_SECONDS)

    def position(self, kind: str) -> int:
        """How far the live table of a kind has read."""
        with live_rows(self.catalog, self.kinds[kind]) as live:
            return live.position

    def _by_any_id(self, find: Find[T], kind: Kind, id: str, selector: RowSelector) -> T:
        try:
            return find(kind, id, selector)
        except NotFound:
            named = self._named(kind, id, selector)
            if named is None:
                raise
        return find(kind, *named)

    def _named(self, kind: Kind, id: str, selector: RowSelector) -> tuple[str, RowSelector] | None:
        """The id of the row that another kind's row with this id names, and where it is."""
        for other in self._naming_kinds(kind):
            try:
                row = self._row(other, id, selector).row
            except NotFound:
                continue
            if row[kind.object] is not None:
                scope = {"account": row["account"], "livemode": row["livemode"]}
                return row[kind.object], replace(selector, **scope)
        with live_rows(self.catalog, kind) as live:
            named = first_naming(live, id, selector)
        if named is None or not selector.is_past:
            return named
        row = self._row(kind, *named).row
        # It may have come to name the id only later.
        return named if id in (row[name] for name in kind.other_alias_fields) else None

    def _naming_kinds(self, kind: Kind) -> Iterator[Kind]:
        """The kinds of the aliases that are no members, and whose rows name the kind's rows."""
        for other in self.kinds.values():
            root = other.members[0].name
            names = {field.name for field in other.fields if field.type is Type.ID}
            if root in kind.aliases and root not in kind.member_names and kind.object in names:
                yield other

    def _row(self, kind: Kind, id: str, selector: RowSelector) -> QueryResult:
        if selector.is_past:
            projected, position = self._past(kind, id, selector)
            return QueryResult(projected.row, position)

        def query() -> QueryResult:
            with live_rows(self.catalog, kind) as live:
                return QueryResult(get_row(live, id, selector)[1], live.position)

        return retried(query)

    def _past(self, kind: Kind, id: str, selector: RowSelector) -> tuple[ProjectedRow, int]:
        if selector.at_position is not None:
            head = self.log.head().position
            if selector.at_position > head:
                raise BeyondHead(f"the log ends at {head}")
            self.wait_for(kind.name, selector.at_position, seconds=2)
        with live_rows(self.catalog, kind) as live:
            past = history.history_of(live, self.log, id, selector)
        as_of = selector.as_of
        events = [event for event in past.events if as_of is None or event.created <= as_of]
        return history.row_at(kind, events, id), past.position
