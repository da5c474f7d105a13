"""Compares a ledger's rows with the truth, field by field, and its notifications, one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.simulator import Row, Story, Truth

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


def expected_notifications(stories: Iterable[Story]) -> Counter[tuple[str, str]]:
    """Return how often what became true of which object in the stories: {(id, type): count}.

    An order counts under the id that it has in the end.
    """
    return Counter(
        (story.order_containing(rise.object_id) or rise.object_id, rise.type)
        for story in stories
        for rise in story.notifications()
    )


def notification_differences(
    stories: Sequence[Story],
    expected: Counter[tuple[str, str]],
    notifications: Iterable[Mapping[str, Any]],
    *,
    only: bool = False,
) -> list[Difference]:
    """Return where a ledger's notifications differ from those that the stories are to give.

    Each rise has to be there. Events out of order may make more of them, for what was known
    meanwhile; but no notification is there twice, and an order is paid once. With `only`, orders
    that the stories do not have are differences too.
    """
    known = {object_id for object_id, _ in expected}
    actual: Counter[tuple[str, str]] = Counter()
    ids: Counter[str] = Counter()
    for notification in notifications:
        object_id = notification["object_id"]
        if object_id not in known:
            # A charge or a session that became a part of an order later.
            object_id = _order_containing(stories, object_id)
        if only or object_id in known:
            actual[object_id, notification["type"]] += 1
            ids[notification["id"]] += 1
    result = [_count_difference(id, 1, count) for id, count in ids.items() if count > 1]
    for object_id, type in sorted({*expected, *actual}):
        counts = expected[object_id, type], actual[object_id, type]
        if not _is_right(type, *counts):
            result.append(_count_difference(f"{type} of {object_id}", *counts))
    return result


def _count_difference(id: str, expected: int, actual: int) -> Difference:
    return Difference("notifications", id, "count", expected, actual)


def _is_right(type: str, expected: int, actual: int) -> bool:
    return actual == expected if type == "order.paid" else actual >= expected


def _order_containing(stories: Sequence[Story], object_id: str) -> str:
    orders = (story.order_containing(object_id) for story in stories)
    return next((order for order in orders if order is not None), object_id)


def _is_equal(name: str, expected: Any, actual: Any) -> bool:
    are_lists = isinstance(expected, list) and isinstance(actual, list)
    if are_lists and name in _UNORDERED_LISTS:
        return sorted(expected, key=str) == sorted(actual, key=str)
    return bool(expected == actual)
