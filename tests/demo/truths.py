"""The truth of a story, read by tests: the rows of a kind, or the only one."""

from __future__ import annotations

from typing import Any

from api.simulator import Row, Story, story


def rows_of(kind: str, name: str, version: Any = None, at: int | None = None) -> list[Row]:
    """Return the true rows of a kind at the end of a story, or at one of its seconds."""
    return list(story(name, api_version=version).truth(at)[kind].values())


def row_of(kind: str, name: str, version: Any = None, at: int | None = None) -> Row:
    """Return the only true row of a kind."""
    (row,) = rows_of(kind, name, version, at)
    return row


def values_over_time(history: Story, kind: str, field: str) -> list[Any]:
    """Return a field's successive values in the only row of a kind, each once in a row."""
    values: list[Any] = []
    for second in history.seconds():
        for row in history.truth(second)[kind].values():
            if not values or values[-1] != row[field]:
                values.append(row[field])
    return values
