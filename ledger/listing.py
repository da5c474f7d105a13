"""Lists of events: merged from runs, each of which an index has in order of position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, Table, select, union_all

from ledger.database import COMPARE, chunks
from ledger.planning import Aside, Leading, nearest
from ledger.scan import distinct

__all__ = ["EventFilter", "Page", "Window", "positions"]

T = TypeVar("T")

# So many statements in one; there are no more types that begin alike.
_RUNS_MAX = 100
# Of so few events of a time each is looked at; of more, those of a page are near or passed unread.
_OF_A_TIME_MAX = 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list; ``has_more`` says whether more follows in its direction."""

    items: list[T]
    has_more: bool


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are in a list; ``type`` may end in ``.*``, ``account`` may be ``self``."""

    event_id: str | None = None
    type: str | None = None
    object_id: str | None = None
    account: str | Literal["self"] | None = None
    livemode: bool | None = None
    created: Mapping[str, int] = field(default_factory=dict)

    @property
    def prefix(self) -> str | None:
        """What the types begin with; None where they are not so many."""
        begin, star, _ = (self.type or "").partition(".*")
        return f"{begin}." if star else None


@dataclass(frozen=True, slots=True)
class Window:
    """Between which positions a page is, both excluded; from which end on, and how many."""

    lower: int | None
    upper: int | None
    ascending: bool
    limit: int


@dataclass(frozen=True, slots=True)
class _Run:
    """Events of an index: its first column and their value in it, and what else is so of all."""

    column: str
    value: Any
    only: ColumnElement[bool] | None = None


def positions(
    connection: Connection, table: Table, wanted: EventFilter, window: Window
) -> list[int]:
    """The positions of the events of a page, in the order of the page."""
    few = _few_of_a_time(connection, table, wanted.created)
    if few is not None:
        query = _narrowed(table, wanted, None).where(table.c.id.in_(few))
        ordered = _within(query, table, window)
        return list(connection.execute(ordered).scalars())
    result: list[int] = []
    for chunk in chunks(_runs(connection, table, wanted), _RUNS_MAX):
        parts = [_of_run(table, wanted, window, run).subquery() for run in chunk]
        together = union_all(*(select(part.c.id) for part in parts))
        result += connection.execute(together).scalars()
    return sorted(result, reverse=not window.ascending)[: window.limit]


def _few_of_a_time(
    connection: Connection, table: Table, created: Mapping[str, int]
) -> Sequence[int] | None:
    """The positions of the events within the bounds; None where there are many, or no bounds."""
    if not created:
        return None
    query = select(table.c.id).order_by(table.c.created).limit(_OF_A_TIME_MAX + 1)
    for name, value in nearest(created).items():
        query = query.where(COMPARE[name](table.c.created, value))
    few = connection.execute(query).scalars().all()
    return few if len(few) <= _OF_A_TIME_MAX else None


def _runs(connection: Connection, table: Table, wanted: EventFilter) -> list[_Run]:
    """Of what the list consists: of as few events as an index has together."""
    if wanted.event_id is not None:
        return [_Run("event_id", wanted.event_id)]
    if wanted.object_id is not None:
        return [_Run("stream", wanted.object_id)]
    if wanted.prefix is not None:
        types = distinct(connection, "type")
        return [_Run("type", type) for type in types if type.startswith(wanted.prefix)]
    if wanted.type is not None:
        return [_Run("type", wanted.type)]
    account = table.c.account
    if wanted.account not in (None, "self"):
        return [_Run("account", wanted.account, account.is_not(None))]
    modes = (False, True) if wanted.livemode is None else (wanted.livemode,)
    halves = (account.is_(None), *(() if wanted.account else (account.is_not(None),)))
    return [_Run("livemode", mode, half) for mode in modes for half in halves]


def _of_run(table: Table, wanted: EventFilter, window: Window, run: _Run) -> Select[Any]:
    column = table.c[run.column]
    query = _narrowed(table, wanted, run).where(Leading(column, run.value))
    if run.only is not None:
        query = query.where(run.only)
    return _within(query, table, window, column)


def _narrowed(table: Table, wanted: EventFilter, run: _Run | None) -> Select[Any]:
    """The events that are in the list, but for what a run says of all of its events."""
    columns = table.c
    by = None if run is None else run.column
    # What is quarantined has no mode.
    conditions: list[ColumnElement[bool]] = []
    if by != "livemode":
        conditions.append(Aside(columns.livemode).is_not(None))
    if wanted.event_id is not None and by != "event_id":
        conditions.append(Aside(columns.event_id) == wanted.event_id)
    if wanted.object_id is not None and by != "stream":
        conditions.append(Aside(columns.stream) == wanted.object_id)
    if wanted.prefix is not None and by != "type":
        conditions.append(Aside(columns.type).startswith(wanted.prefix, autoescape=True))
    elif wanted.type is not None and by != "type":
        conditions.append(Aside(columns.type) == wanted.type)
    if wanted.account is not None and by not in ("account", "livemode"):
        account = Aside(columns.account)
        own = wanted.account == "self"
        conditions.append(account.is_(None) if own else account == wanted.account)
    if wanted.livemode is not None and by != "livemode":
        conditions.append(Aside(columns.livemode).is_(wanted.livemode))
    for name, value in wanted.created.items():
        conditions.append(COMPARE[name](Aside(columns.created), value))
    return select(columns.id).where(*conditions)


def _within(
    query: Select[Any], table: Table, window: Window, *leading: ColumnElement[Any]
) -> Select[Any]:
    position = table.c.id
    if window.lower is not None:
        query = query.where(position > window.lower)
    if window.upper is not None:
        query = query.where(position < window.upper)
    order = [*leading, position]
    if not window.ascending:
        order = [column.desc() for column in order]
    return query.order_by(*order).limit(window.limit)
