"""Compares a ledger's rows with the truth, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.simulator import Row, Truth

_UNORDERED_LISTS = frozenset({"refunds", "disputes", "currently_due", "past_due"})
"""Lists that are compared as sets: the REST contract does not give them an order."""

_NO_FIELD = "no such field"
"""The value of a field that a row does not have: it is none, also where null is right."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field with a wrong value; `field` is None for a row that is missing or unexpected."""

    kind: str
    id: str
    field: str | None
    expected: Any
    actual: Any

    def __str__(self) -> str:
        if self.field is None:
            problem = "missing" if self.actual is None else "unexpected"
            return f"{self.kind} {self.id}: {problem}"
        values = f"expected {self.expected!r}, found {self.actual!r}"
        return f"{self.kind} {self.id}: {self.field}: {values}"


def differences(
    truth: Truth, actual: Mapping[str, Mapping[str, Row]], *, only: bool = False
) -> list[Difference]:
    """Return where a ledger's rows, {kind: {id: row}}, differ from the truth.

    A row may have more fields than the truth. With `only`, rows that the truth does not have
    are differences too.
    """
    result: list[Difference] = []
    for kind, rows in truth.items():
        actual_rows = actual.get(kind, {})
        for row_id, row in rows.items():
            if row_id not in actual_rows:
                result.append(Difference(kind, row_id, None, row, None))
                continue
            for name, expected in row.items():
                value = actual_rows[row_id].get(name, _NO_FIELD)
                if not _is_equal(name, expected, value):
                    result.append(Difference(kind, row_id, name, expected, value))
        if only:
            extra = sorted(actual_rows.keys() - rows.keys())
            result += [
                Difference(kind, row_id, None, None, actual_rows[row_id]) for row_id in extra
            ]
    return result


def _is_equal(name: str, expected: Any, actual: Any) -> bool:
    are_lists = isinstance(expected, list) and isinstance(actual, list)
    if are_lists and name in _UNORDERED_LISTS:
        return sorted(expected) == sorted(actual)
    return bool(expected == actual)
