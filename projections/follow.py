"""The follower: reads on from where each table stands; rows and position move together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from ledger import Entry, Log
from ledger.database import reading
from projections.apply import apply
from projections.declare import Kind
from projections.engine import writing
from projections.kind_store import KindStore
from projections.pointer import Places
from projections.sighting import Sighting, decode, sightings
from projections.tables import KindTables

__all__ = ["advance", "take"]

BATCH = 2000
THIN = "v2.core.event"


def advance(places: Places, log: Log, tables: Collection[KindTables], *, batch: int = BATCH) -> int:
    """One round: every table that is hindmost reads one batch; returns how many events were read.

    Any number of followers may do this at once: the position moves by compare-and-set, and who
    comes second writes nothing.
    """
    at: dict[int, list[KindTables]] = defaultdict(list)
    with reading(places.engine) as connection:
        positions = places.positions(connection)
    for one in tables:
        if one.name in positions:
            at[positions[one.name]].append(one)
    if not at:
        return 0
    position = min(at)
    entries = log.after(position, batch)
    if entries:
        take(places, log, at[position], position, entries)
    return len(entries)


def take(
    places: Places,
    log: Log,
    tables: Collection[KindTables],
    position: int,
    entries: list[Entry],
) -> None:
    """Move some tables, which all stand at ``position``, behind ``entries``."""
    last = entries[-1].position
    # A quarantined body may be anything at all.
    documents = [{} if entry.is_quarantined else decode(entry.body) for entry in entries]
    told = {one.kind.name: told_to(one.kind, entries, documents) for one in tables}
    thin = sum(document.get("object") == THIN for document in documents)

    def streams(places: Collection[UUID]) -> list[Entry]:
        return log.streams(places, upto=last)

    with writing(places.engine) as connection:
        for one in tables:
            moved = places.advance(
                connection, one.name, old=position, new=last, without_snapshot=thin
            )
            if moved:
                store = KindStore(connection, one, places.control)
                apply(store, told[one.kind.name], streams)


def told_to(
    kind: Kind, entries: Sequence[Entry], documents: Sequence[dict[str, Any]]
) -> list[Sighting]:
    """What some events tell a kind."""
    return [
        sighting
        for entry, document in zip(entries, documents, strict=True)
        for sighting in sightings(entry, kind.objects, document)
    ]
