"""A batch of events into a journal: what it touches, what is posted and ends, and writing that."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy import Connection

from ledger import Log, RecordedEvent
from projections.drivers.batch import EarlierEvents
from projections.journal.entry import Entry, PostingKey
from projections.journal.reading import JOURNAL
from projections.journal.stored.entries import EntryStore, PlacedEntry
from projections.journal.stored.members import JoinedMembers, MemberStore, join
from projections.journal.stored.tables import JournalTables
from projections.journal.walk import JournalChange, walk
from projections.objects.observation import Key, Observation
from projections.rows.batch import LinkedBatch, read_batch
from projections.tables.narrow import attempt
from projections.tables.narrow import narrowed as in_halves
from projections.tables.refusals import refusals

__all__ = ["JournalBatch"]


@dataclass(slots=True)
class _Posted:
    """What changes in one component: entries that begin, and those before that end."""

    members: JoinedMembers
    began: list[PlacedEntry] = field(default_factory=list)
    ended: list[PlacedEntry] = field(default_factory=list)


class JournalBatch:
    """Some events that follow a journal's position, read once."""

    def __init__(self, log: Log, tables: JournalTables, events: Sequence[RecordedEvent]) -> None:
        self._tables = tables
        self._after = events[0].position - 1
        self._batch = read_batch(events, JOURNAL.objects)
        self._earlier = EarlierEvents(log, self._batch)

    @property
    def last(self) -> tuple[int, bytes]:
        """The position of the last event, and the log's chain value there."""
        return self._batch.last, self._batch.chain

    def prepare(self, connection: Connection) -> list[_Posted]:
        """Walk through the events in each component that they touch; writes nothing."""
        groups = LinkedBatch(JOURNAL, self._batch).groups
        joined = join(groups, MemberStore(connection, self._tables.members))
        # What a component says from its beginning is read in one query for all of them.
        known = {key for each in joined if each.known for key in each.keys}
        earlier = self._earlier.observations(known)
        walked = [(each, list(self._walk(each, earlier))) for each in joined]
        causes = {key.cause for _, changes in walked for change in changes for key in change.ended}
        holding = EntryStore(connection, self._tables).holding(causes)
        places = _Places()
        return [_posted(each, changes, holding, places) for each, changes in walked]

    def write(self, connection: Connection, prepared: Sequence[_Posted], *, narrowed: bool) -> None:
        """Write what was prepared; raises ``DataRefused`` unless ``narrowed``."""

        def write(part: Sequence[_Posted]) -> None:
            with refusals(connection):
                MemberStore(connection, self._tables.members).write(each.members for each in part)
                EntryStore(connection, self._tables).write(
                    [entry for each in part for entry in each.began],
                    [entry for each in part for entry in each.ended],
                )

        members = MemberStore(connection, self._tables.members)
        if not narrowed:
            write(prepared)
            return
        for each, reason in in_halves(connection, prepared, write):
            if reason is not None:
                # What it consists of is kept: the next of its events is posted as its history says.
                attempt(connection, partial(members.write, [each.members]))
                # The name only: neither the value nor its owner.
                object = each.members.keys[0].object
                warnings.warn(f"a component of {object} is not in the journal: {reason}",
                              stacklevel=2)  # fmt: skip

    def _walk(
        self, joined: JoinedMembers, earlier: Mapping[Key, Sequence[Observation]]
    ) -> Iterator[JournalChange]:
        source = earlier if joined.known else self._batch.observations
        histories = {key: source[key] for key in joined.keys if key in source}
        return walk(histories, self._after)


class _Places:
    """Numbers the entries of each position."""

    def __init__(self) -> None:
        self._next: dict[int, int] = defaultdict(int)

    def place(self, position: int) -> int:
        place = self._next[position]
        self._next[position] = place + 1
        return place


def _posted(
    members: JoinedMembers,
    changes: Collection[JournalChange],
    holding: Mapping[PostingKey, PlacedEntry],
    places: _Places,
) -> _Posted:
    posted, begun = _Posted(members), dict[PostingKey, int]()
    for change in changes:
        for key in change.ended:
            index = begun.pop(key, None)
            if index is not None:
                posted.began[index] = _ended(posted.began[index], change.position)
            elif key in holding:
                posted.ended.append(_ended(holding[key], change.position))
        for posting in change.began:
            begun[posting.key] = len(posted.began)
            entry = Entry.of(posting, change.position)
            posted.began.append(PlacedEntry(entry, places.place(change.position)))
    return posted


def _ended(placed: PlacedEntry, position: int) -> PlacedEntry:
    return replace(placed, entry=replace(placed.entry, known_until=position))
