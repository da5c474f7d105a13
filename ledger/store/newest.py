"""The newest entries of streams: what the log holds of an object before it is recorded again."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from ledger.database import chunks, read_transaction
from ledger.log import Log
from ledger.snapshot import Shown

__all__ = ["Newest", "newest_entries"]

# Databases limit how many parameters one statement has.
_IN_MAX = 500


class Newest(NamedTuple):
    """Of a stream: its last version, and what each entry of its newest second shows.

    All of them, for which of two events of one second is the newer is not their order in the log.
    Entries without a snapshot show nothing and do not count.
    """

    version: int = 0
    shown: tuple[Shown, ...] = ()

    def repeated_by(self, record: Shown) -> bool:
        """Whether a record says nothing that its object's newest entries do not say."""
        return bool(self.shown) and all(map(record.repeats, self.shown))

    def and_then(self, record: Shown) -> Newest:
        """The newest once a record is written too."""
        second = self.shown[0].created if self.shown else -1
        if record.created < second:
            return self
        shown = (*self.shown, record) if record.created == second else (record,)
        return self._replace(shown=shown)


class _Place(NamedTuple):
    created: int
    position: int


def newest_entries(log: Log, streams: Iterable[UUID]) -> dict[UUID, Newest]:
    """The newest entries of some streams; those that are empty are left out."""
    places = _places(log, sorted(set(streams)))
    newest = {stream: Newest(len(all_)) for stream, all_ in places.items()}
    while places:
        # Where the newest second shows nothing, the one before it.
        seconds = {stream: _newest_second(all_) for stream, all_ in places.items()}
        owner = {place.position: stream for stream, some in seconds.items() for place in some}
        for event in log.at_positions(owner):
            shown = Shown.by(event.event_id, event.created, event.api_version, event.body)
            if shown is not None:
                before = newest[owner[event.position]]
                newest[owner[event.position]] = before._replace(shown=(*before.shown, shown))
        places = {
            stream: left
            for stream, all_ in places.items()
            if not newest[stream].shown and (left := all_[: -len(seconds[stream])])
        }
    return newest


def _newest_second(places: list[_Place]) -> list[_Place]:
    return list(takewhile(lambda place: place.created == places[-1].created, reversed(places)))


def _places(log: Log, streams: list[UUID]) -> dict[UUID, list[_Place]]:
    """The places of the entries of each stream that there is, oldest first."""
    columns = log.table.c
    query = select(columns.originator_id, columns.created, columns.id)
    places: dict[UUID, list[_Place]] = {}
    with read_transaction(log.engine) as connection:
        for chunk in chunks(streams, _IN_MAX):
            for row in connection.execute(query.where(columns.originator_id.in_(chunk))):
                places.setdefault(row.originator_id, []).append(_Place(row.created, row.id))
    for all_ in places.values():
        all_.sort()
    return places
