"""Rows as they are now: one by any id of it, or a page of a list."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, select

from ledger import UnknownCursor
from projections.errors import Ambiguous, NotFound, NotReady
from projections.objects.observation import Key, Scope
from projections.queries.narrowed import Condition, equal, narrowed, sharpest
from projections.queries.selector import ANY, RowSelector
from projections.queries.walk import Walk
from projections.rows.change import row_key
from projections.rows.kind import Kind
from projections.tables.live import LiveRows

__all__ = ["Page", "QueryResult", "ResultPage", "first_naming", "get_row", "list_rows"]

# Rows of one id: one per account and mode, and per object that may have it.
_MATCHES_MAX = 20


@dataclass(frozen=True, slots=True)
class QueryResult:
    """A row (or a list of entries), and how far the projection had read."""

    row: Any
    position: int


@dataclass(frozen=True, slots=True)
class ResultPage:
    """A page of a list, whether more follows, and how far the projection had read."""

    items: list[dict[str, Any]]
    has_more: bool
    position: int


@dataclass(frozen=True, slots=True)
class Page:
    """Which page of a list: how many items, after or before the one with an id.

    Where several have the id, after the last and before the first of them.
    """

    limit: int = 10
    starting_after: str | None = None
    ending_before: str | None = None

    @property
    def is_backwards(self) -> bool:
        """Whether the items before a cursor are wanted."""
        return self.ending_before is not None

    @property
    def cursor(self) -> str | None:
        """The id that the page begins beside."""
        return self.ending_before if self.is_backwards else self.starting_after


def get_row(live: LiveRows, id: str, selector: RowSelector) -> tuple[bytes, dict[str, Any]]:
    """The row with an id, or of the object with that id; its key, and the row.

    Raises ``NotFound``, and ``Ambiguous`` where several accounts or modes have the id.
    """
    rows = live.rows
    for condition in _conditions(live, id):
        query = selector.restrict(select(rows).where(condition), rows).limit(_MATCHES_MAX)
        matches = live.connection.execute(query).mappings().all()
        if len({(row["account"], row["livemode"]) for row in matches}) > 1:
            raise _ambiguous(id)
        if matches:
            row = min(matches, key=lambda row: _rank(live.kind, row))
            return bytes(row["row_key"]), live.shown(row)
    raise NotFound(f"no {live.kind.object} has the id")


def _rank(kind: Kind, row: Mapping[Any, Any]) -> int:
    """Of rows of one scope and id, the place of the object that a row stands for."""
    scope, key = Scope(row["account"], bool(row["livemode"])), bytes(row["row_key"])
    keys = [row_key(kind, Key(scope, member.name, row["id"])) for member in kind.members]
    return keys.index(key) if key in keys else len(keys)


def _conditions(live: LiveRows, id: str) -> Iterator[ColumnElement[bool]]:
    """The conditions that may find a row by an id, in the order in which they count."""
    rows = live.rows.c
    yield rows.id == id
    if keys := _keys_of_member(live, id):
        yield rows.row_key.in_(keys)
    for name in live.kind.own_alias_fields:
        if name in live.types:
            yield rows[name] == id


def _keys_of_member(live: LiveRows, id: str) -> list[bytes]:
    """The keys of the rows that have an object with the id among their members."""
    aliases = live.kind.aliases
    if not aliases:
        return []
    return [key for key, member in live.members_of_id(id) if member.object in aliases]


def first_naming(live: LiveRows, id: str, selector: RowSelector) -> tuple[str, RowSelector] | None:
    """The oldest row with an id in a field of an alias that is no member, and where it is."""
    rows = live.rows
    for name in live.kind.other_alias_fields:
        if name not in live.types:
            continue
        conditions = _filter(live, name, id)
        by = sharpest(live.kind, conditions)
        query = selector.restrict(narrowed(select(rows), rows, conditions, by), rows)
        oldest: dict[tuple[str | None, bool], str] = {}
        ordered = query.order_by(rows.c.created, rows.c.id)
        for row in live.connection.execute(ordered).mappings():
            oldest.setdefault((row["account"], row["livemode"]), row["id"])
        if len(oldest) > 1:
            raise _ambiguous(id)
        for (account, livemode), row_id in oldest.items():
            return row_id, replace(selector, account=account, livemode=livemode)
    return None


def _ambiguous(id: str) -> Ambiguous:
    return Ambiguous(f"{id} exists in several accounts or modes; add account= and livemode=")


def list_rows(
    live: LiveRows, *, filters: Mapping[str, Any], created: Mapping[str, int], page: Page
) -> ResultPage:
    """Rows newest first by (created, id); raises ``UnknownCursor`` and ``NotReady``.

    A page holds more than its limit only where ids that come again leave it no earlier end.
    """
    selector = RowSelector(filters.get("account", ANY), filters.get("livemode"))
    conditions = selector.conditions
    for name, value in filters.items():
        if name in ("account", "livemode"):
            continue
        if name not in live.types:
            raise NotReady(f"{live.kind.name} cannot be filtered by {name} until rebuilt")
        conditions += _filter(live, name, value)
    walk = Walk(live, conditions, created, page.is_backwards)
    cursor = None if page.cursor is None else _cursor_row(walk, page.cursor, selector)
    matches, has_more = walk.page(cursor, page.limit)
    items = [live.shown(row) for row in matches]
    return ResultPage(items[::-1] if page.is_backwards else items, has_more, live.position)


def _filter(live: LiveRows, name: str, value: Any) -> list[Condition]:
    """The conditions that a field has a value, or that the list behind a filter holds it."""
    listed = live.kind.list_filters.get(name)
    if listed is None or listed not in live.types:
        return [equal(name, value)]
    # Whatever a row lists is linked to it: few rows are in components with an object of that id.
    keys = live.keys_beside(value)
    return [
        Condition("row_key", lambda column: column.in_(keys)),
        Condition(listed, lambda column: column.contains(json.dumps(value), autoescape=True)),
    ]


def _cursor_row(walk: Walk, id: str, selector: RowSelector) -> Mapping[Any, Any]:
    """The row that a page continues from: of several with the id the last of the list."""
    rows = walk.live.rows
    row = walk.last(rows.c.id == id)
    if row is not None:
        return row
    # It is in the list no more, or has become part of another row. Where it could have been in
    # several places, rather show some rows twice than leave some out.
    everywhere = selector.restrict(select(rows), rows)
    for condition in _conditions(walk.live, id):
        row = walk.first(everywhere, condition)
        if row is not None:
            return row
    raise UnknownCursor(id)
