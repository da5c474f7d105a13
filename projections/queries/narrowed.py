"""By which index a list is narrowed: planners guess, and what they guess may read every row.

SQLite has no statistics. PostgreSQL's know how many rows have a value, and not that these are the
oldest: it would rather read all newer rows in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, TableClause, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from projections.rows.kind import Kind

__all__ = ["Condition", "equal", "narrowed", "sharpest"]

Holds = Callable[[ColumnElement[Any]], ColumnElement[bool]]

# Fields in which many rows have the same value; their indexes hold account and mode, too.
_BLUNT = ("status", "currency", "account", "livemode")


@dataclass(frozen=True, slots=True)
class Condition:
    """A field and what has to hold for it; ``leads`` says the same so that its index is taken.

    Without ``leads`` its index gives no order, or it has none.
    """

    name: str
    holds: Holds
    leads: Holds | None = None


def equal(name: str, value: Any) -> Condition:
    """The condition that a field has a value, or none."""
    if value is None:
        return Condition(name, lambda column: column.is_(None))
    return Condition(name, lambda column: column == value, lambda column: _Equal(column, value))


def sharpest(kind: Kind, conditions: Sequence[Condition]) -> str | None:
    """Of the fields in some conditions the one that fewest rows can be expected to fulfil."""
    names = {condition.name for condition in conditions}
    order = ("row_key", *(name for name in kind.filters if name not in _BLUNT), *_BLUNT)
    return next((name for name in order if name in names), None)


def narrowed(
    query: Select[Any], rows: TableClause, conditions: Sequence[Condition], *by: str | None
) -> Select[Any]:
    """The query for the rows that fulfil all conditions, by no indexes but those of some fields."""
    for condition in conditions:
        column = rows.c[condition.name]
        if condition.name not in by:
            query = query.where(condition.holds(_Aside(column)))
        else:
            query = query.where((condition.leads or condition.holds)(column))
    return query


class _Aside(FunctionElement[Any]):
    """A column of a condition by which no index is to be taken: a sharper one is there.

    Where PostgreSQL is to read in order, only one index has this order; elsewhere it may choose.
    """

    name = "aside"
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)
        self.type = column.type


class _Equal(FunctionElement[bool]):
    """A column has a value, which PostgreSQL does not take for a constant: so an order by the
    column and others is that of its index alone.
    """

    name = "equal"
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], value: Any) -> None:
        super().__init__(column, literal(value, column.type))


@compiles(_Aside)
def _as_it_is(element: _Aside, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(_Aside, "sqlite")
def _without_index(element: _Aside, compiler: Any, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"


@compiles(_Equal)
def _equal(element: _Equal, compiler: Any, **options: Any) -> str:
    column, value = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = {value}"


@compiles(_Equal, "postgresql")
def _among_one(element: _Equal, compiler: Any, **options: Any) -> str:
    column, value = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = ANY (ARRAY[{value}])"
