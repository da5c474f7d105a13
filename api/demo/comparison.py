"""Compares a ledger's rows with the truth, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.simulator.truth import Row, Truth

_WITHOUT_ORDER = frozenset({"refunds", "disputes", "currently_due", "past_due"})
"""Lists that are sets: the contract does not say in which order they come."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that is not as it should be; a row that is missing or too many has no field."""

    kind: str
    id: str
    field: str | None
    expected: Any
    found: Any

    def __str__(self) -> str:
        if self.field is None:
            return f"{self.kind} {self.id}: " + ("missing" if self.found is None else "too many")
        said = f"expected {self.expected!r}, found {self.found!r}"
        return f"{self.kind} {self.id}: {self.field}: {said}"


def differences(
    truth: Truth, found: Mapping[str, Mapping[str, Row]], *, only: bool = False
) -> list[Difference]:
    """Where the rows found, {kind: {id: row}}, are not the truth's.

    A row may have more fields than the truth names. With `only`, rows that the truth does not
    know are differences too.
    """
    wrong: list[Difference] = []
    for kind, rows in truth.items():
        there = found.get(kind, {})
        for row_id, row in rows.items():
            if row_id not in there:
                wrong.append(Difference(kind, row_id, None, row, None))
                continue
            for name, expected in row.items():
                value = there[row_id].get(name)
                if not _same(name, expected, value):
                    wrong.append(Difference(kind, row_id, name, expected, value))
        if only:
            more = there.keys() - rows.keys()
            wrong += [Difference(kind, i, None, None, there[i]) for i in sorted(more)]
    return wrong


def _same(name: str, expected: Any, found: Any) -> bool:
    both = isinstance(expected, list) and isinstance(found, list)
    if both and name in _WITHOUT_ORDER:
        return sorted(expected) == sorted(found)
    return bool(expected == found)
