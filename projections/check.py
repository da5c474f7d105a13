"""The check: what the log says against what the living tables say, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from ledger import Entry, Log
from projections.declare import Kind
from projections.piece import row_key
from projections.pointer import Places
from projections.project import project
from projections.queries import live

__all__ = ["Difference", "compare"]

_BATCH = 2000


@dataclass(frozen=True, slots=True)
class Difference:
    """A field in which the living row is not what the log says."""

    kind: str
    id: str
    field: str
    living: Any
    rebuilt: Any


def compare(places: Places, log: Log, kind: Kind) -> list[Difference]:
    """Every difference between a kind's living rows and a fold of the log up to where they are."""
    with live(places, kind) as now:
        living = {
            bytes(row["row_key"]): now.shown(row)
            for row in now.connection.execute(select(now.rows)).mappings()
        }
        position = now.position
    made = [one for one in project(kind, _upto(log, position)) if one.row is not None]
    rebuilt = {row_key(kind, one.own[0].key.scope, one.id): one.row for one in made}
    return [
        difference
        for key in sorted(living.keys() | rebuilt.keys())
        for difference in _differences(kind, living.get(key), rebuilt.get(key))
    ]


def _upto(log: Log, position: int) -> Iterator[Entry]:
    at = 0
    while at < position:
        entries = log.after(at, min(_BATCH, position - at))
        if not entries:
            return
        yield from entries
        at = entries[-1].position


def _differences(
    kind: Kind, living: dict[str, Any] | None, rebuilt: dict[str, Any] | None
) -> Iterator[Difference]:
    id = (living or rebuilt or {})["id"]
    for column in kind.columns:
        one = living.get(column.name) if living is not None else None
        other = rebuilt.get(column.name) if rebuilt is not None else None
        if one != other:
            yield Difference(kind.name, id, column.name, one, other)
