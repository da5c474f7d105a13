"""The true notifications: which conditions became true of which row, how often, one by one.

The events come in the order in which they happened. After each the true rows are worked out, and
what holds of a row then and did not hold before is a rise.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from api.simulator.facts import EventFacts
from api.simulator.truth import Row, Truth, truth
from api.simulator.truth.conditions import conditions, happenings
from api.simulator.truth.orders import Orders
from api.simulator.truth.records import Records

__all__ = ["Rise", "rises"]

_RowKey = tuple[str, str]


class Rise(NamedTuple):
    """That a condition became true of a row for the `ordinal`-th time, from 1 on."""

    type: str
    object_id: str
    ordinal: int


def rises(events: Sequence[EventFacts]) -> list[Rise]:
    """Return all rises, in the order in which they happened."""
    walk = _Walk()
    return [rise for count in range(1, len(events) + 1) for rise in walk.step(events[:count])]


class _Walk:
    """What every row was, what held of it, and how often each condition has risen."""

    def __init__(self) -> None:
        self._rows: dict[_RowKey, list[Row]] = defaultdict(list)
        self._held: dict[_RowKey, set[str]] = defaultdict(set)
        self._counts: dict[_RowKey, Counter[str]] = defaultdict(Counter)

    def step(self, events: Sequence[EventFacts]) -> Iterator[Rise]:
        """Yield what rises with the last of some events, the others of which it has seen."""
        rows = truth(events)
        self._merge(rows, Orders(Records(events)))
        shown = {each.id for each in events[-1].objects[:1]}
        for kind, row_id in [(kind, row_id) for kind, its in rows.items() for row_id in its]:
            key, row = (kind, row_id), rows[kind][row_id]
            values = conditions(kind, rows, row_id, self._rows[key])
            held = [name for name, holds in values.items() if holds]
            risen = [name for name in held if name not in self._held[key]]
            if row_id in shown:
                risen += happenings(kind, row, events[-1])
            for name in risen:
                self._counts[key][name] += 1
                yield Rise(f"{row['object']}.{name}", row_id, self._counts[key][name])
            self._rows[key].append(row)
            self._held[key] = set(held)

    def _merge(self, rows: Truth, orders: Orders) -> None:
        """Let an order that became a part of another take along what was told of it."""
        for gone in [key for key in self._held if key[1] not in rows[key[0]]]:
            into = (gone[0], orders.containing(gone[1]) or "")
            self._rows.pop(gone)
            self._held[into] |= self._held.pop(gone)
            self._counts[into] |= self._counts.pop(gone)
