"""The conditions that narrow a list, and by the index of which it is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, TableClause

from ledger.planning import Aside, Leading
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
    return Condition(name, lambda column: column == value, lambda column: Leading(column, value))


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
            query = query.where(condition.holds(Aside(column)))
        else:
            query = query.where((condition.leads or condition.holds)(column))
    return query
