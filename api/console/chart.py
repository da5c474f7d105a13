"""Lines drawn as SVG by the server; whatever they show stands in a table, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Chart", "lines"]

WIDTH, HEIGHT, _LEFT, _BOTTOM, _TOP = 720, 150, 40, 22, 8
_NICE = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Chart:
    """A line per name, as the points of a polyline; and the scale beside them."""

    lines: Mapping[str, str]
    scale: Sequence[tuple[float, int]]
    times: Sequence[tuple[float, int]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    base: int = HEIGHT - _BOTTOM


def lines(items: Sequence[Mapping[str, int]], names: Sequence[str]) -> Chart:
    """A chart of some numbers of items, which are at equal distances in time."""
    top = nice_maximum(max((item[name] for item in items for name in names), default=0))
    base = HEIGHT - _BOTTOM

    def x(index: int) -> float:
        return round(_LEFT + index * (WIDTH - _LEFT - 8) / max(1, len(items) - 1), 1)

    def y(value: float) -> float:
        return round(base - value * (base - _TOP) / top, 1)

    points = {
        name: " ".join(f"{x(index)},{y(item[name])}" for index, item in enumerate(items))
        for name in names
    }
    scale = [(y(value), value) for value in sorted({0, top // 2, top})]
    step = max(1, len(items) // 6)
    times = [(x(index), items[index]["created"]) for index in range(0, len(items), step)]
    return Chart(points, scale, times)


def nice_maximum(value: int) -> int:
    """The least of 2, 5, 10, 20, 50, … that is not below a value."""
    size = 1
    while True:
        for factor in _NICE:
            if factor * size >= max(2, value):
                return factor * size
        size *= 10
