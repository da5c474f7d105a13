"""Walking a list page by page: by ids, of which several accounts and modes may have the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Select, select, tuple_

from ledger.database import COMPARE
from ledger.planning import LOWER, UPPER, nearest
from projections.queries.narrowed import Condition, narrowed, sharpest
from projections.tables.live import LiveRows

__all__ = ["Walk"]

_CHUNK_MAX = 500

Row = Mapping[Any, Any]
Rows = Sequence[Row]


@dataclass(frozen=True)
class Walk:
    """A list in one direction: by (created, id, row_key), newest first, or ``backwards``.

    ``conditions`` and the bounds of ``created`` say which rows are in the list. A page ends at no
    row whose id comes again beyond it: so an id says where the next page begins, and a walk shows
    every row once. Rather than that, a page ends earlier; where it cannot, it is longer than its
    limit.
    """

    live: LiveRows
    conditions: Sequence[Condition]
    created: Mapping[str, int]
    backwards: bool

    def last(self, condition: ColumnElement[bool]) -> Row | None:
        """The last row of the list that fulfils a condition on ids."""
        last = self._by_id.where(condition).order_by(*self._order(reverse=True)).limit(1)
        return self.live.connection.execute(last).mappings().first()

    def first(self, query: Select[Any], condition: ColumnElement[bool]) -> Row | None:
        """The first row in this direction of another query of the table."""
        first = query.where(condition).order_by(*self._order()).limit(1)
        return self.live.connection.execute(first).mappings().first()

    def page(self, after: Row | None, limit: int) -> tuple[Rows, bool]:
        """The rows after one (None: the first), in this direction, and whether more follow."""
        rows: list[Row] = []
        size = limit
        while True:
            following = self._following(rows[-1] if rows else after, size + 1)
            start, more = len(rows), len(following) > size
            rows += following[:size]
            if not more and len(rows) <= limit:
                return rows, False
            end = self._end(rows, start)
            if end is not None:
                return rows[:end], more or end < len(rows)
            size = min(2 * size, _CHUNK_MAX)

    def _following(self, after: Row | None, limit: int) -> Rows:
        rows, by = self.live.rows, sharpest(self.live.kind, self.conditions)
        query, order = narrowed(select(rows), rows, self.conditions, by), self._order()
        for name, value in nearest(self.created).items():
            if after is not None and name in (LOWER if self.backwards else UPPER):
                # Of a bound and a row, too, the nearer implies the other.
                if COMPARE[name](after["created"], value):
                    continue
                after = None
            query = query.where(COMPARE[name](rows.c.created, value))
        if after is not None:
            query = query.where(self._beyond(after))
        if any(each.name == by and each.leads for each in self.conditions):
            assert by is not None
            order.insert(0, rows.c[by] if self.backwards else rows.c[by].desc())
        return self.live.connection.execute(query.order_by(*order).limit(limit)).mappings().all()

    @cached_property
    def _by_id(self) -> Select[Any]:
        """The rows of the list, to be looked up by their ids."""
        rows = self.live.rows
        query = narrowed(select(rows), rows, self.conditions)
        for name, value in self.created.items():
            query = query.where(COMPARE[name](rows.c.created, value))
        return query

    def _end(self, rows: Rows, start: int) -> int | None:
        """After how many rows a page can end; before ``start`` it cannot. None: at none of them."""
        last = rows[-1]
        if not start and not self._recurring({last["id"]}, last):
            return len(rows)
        recurring = self._recurring({row["id"] for row in rows[start:]}, last)
        ends = []
        for index in range(len(rows) - 1, start - 1, -1):
            id = rows[index]["id"]
            if id not in recurring:
                ends.append(index + 1)
                recurring.add(id)
        if not ends:
            return None
        # Within the limit as many rows as can be; beyond it as few as need be.
        return ends[-1] if start else ends[0]

    def _recurring(self, ids: set[str], last: Row) -> set[str]:
        """Those of some ids that rows beyond one have, too."""
        rows = self.live.rows.c
        query = self._by_id.with_only_columns(rows.id).where(rows.id.in_(ids), self._beyond(last))
        return set(self.live.connection.execute(query.distinct()).scalars())

    def _beyond(self, row: Row) -> ColumnElement[bool]:
        keys = self._keys()
        values = tuple_(*(row[key.name] for key in keys), types=[key.type for key in keys])
        return tuple_(*keys) > values if self.backwards else tuple_(*keys) < values

    def _order(self, *, reverse: bool = False) -> list[ColumnElement[Any]]:
        ascending = self.backwards != reverse
        return [key if ascending else key.desc() for key in self._keys()]

    def _keys(self) -> list[ColumnElement[Any]]:
        rows = self.live.rows.c
        return [rows.created, rows.id, rows.row_key]
