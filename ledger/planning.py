"""By which index a list is read: planners guess, and what they guess may read every row.

SQLite has no statistics. PostgreSQL's know how many rows have a value, and not that these are the
oldest: it would rather read all newer rows in their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

__all__ = ["LOWER", "UPPER", "Aside", "Leading", "nearest"]

# Names in `COMPARE` of bounds on either side.
LOWER, UPPER = ("gt", "gte"), ("lt", "lte")


class Aside(FunctionElement[Any]):
    """A column of a condition by which no index is to be taken: a sharper one is there.

    Where PostgreSQL is to read in order, only one index has this order; elsewhere it may choose.
    """

    name = "aside"
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)
        self.type = column.type


class Leading(FunctionElement[bool]):
    """A column has a value, which PostgreSQL does not take for a constant: so an order by the
    column and others is that of its index alone.
    """

    name = "leading"
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], value: Any) -> None:
        super().__init__(column, literal(value, column.type))


@compiles(Aside)
def _as_it_is(element: Aside, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(Aside, "sqlite")
def _without_index(element: Aside, compiler: Any, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"


@compiles(Leading)
def _equal(element: Leading, compiler: Any, **options: Any) -> str:
    column, value = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = {value}"


@compiles(Leading, "postgresql")
def _among_one(element: Leading, compiler: Any, **options: Any) -> str:
    column, value = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = ANY (ARRAY[{value}])"


def nearest(bounds: Mapping[str, int]) -> dict[str, int]:
    """Of two bounds on one side the one that implies the other: SQLite would begin at either."""
    lower = [(value + (name == "gt"), name) for name, value in bounds.items() if name in LOWER]
    upper = [(value - (name == "lt"), name) for name, value in bounds.items() if name in UPPER]
    names = [name for _, name in (*sorted(lower)[-1:], *sorted(upper)[:1])]
    return {name: bounds[name] for name in names}
