"""A batch of events into a feed: load what it touches, walk through it, write what rose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from sqlalchemy import Connection

from ledger import Log, RecordedEvent
from projections.drivers.batch import EarlierEvents, objects_of
from projections.feed.marks import MarkStore
from projections.feed.notification import Notification
from projections.feed.tables import FeedTables
from projections.feed.walk import Marks, Walk
from projections.objects.observation import Key, Observation
from projections.objects.state import State
from projections.rows.batch import Batch, LinkedBatch, read_batch
from projections.rows.change import ComponentChange
from projections.rows.components import object_keys
from projections.rows.family import Family
from projections.rows.merge import Needs, Touched, component_change
from projections.tables.narrow import write_states_narrowed
from projections.tables.schema import StoreTables
from projections.tables.store import ComponentStore
from projections.tables.writer import WRITERS

__all__ = ["FeedBatch", "PreparedFamily"]

_position = attrgetter("position")


class FeedBatch:
    """Some events that follow a feed's position, read once."""

    def __init__(self, log: Log, tables: FeedTables, events: Sequence[RecordedEvent]) -> None:
        self._tables = tables
        self._events = {event.position: event for event in events}
        self._batch: Batch = read_batch(events, objects_of(tables.reading.families))
        self._earlier = EarlierEvents(log, self._batch)

    @property
    def last(self) -> tuple[int, bytes]:
        """The position of the last event, and the log's chain value there."""
        return self._batch.last, self._batch.chain

    def prepare(self, connection: Connection) -> list[PreparedFamily]:
        """Walk through the events from what is stored as of the feed's position; writes nothing."""
        families = (
            (store, LinkedBatch(store.family, self._batch)) for store in self._tables.stores
        )
        marks = MarkStore(connection, self._tables.marks)
        return [
            _Family(self, marks, store, linked).prepare(ComponentStore(connection, store))
            for store, linked in families
            if linked.groups
        ]

    def write(
        self, connection: Connection, prepared: Sequence[PreparedFamily], *, narrowed: bool
    ) -> None:
        """Write what was prepared; raises ``DataRefused`` unless ``narrowed``."""
        marks = MarkStore(connection, self._tables.marks)
        for each in prepared:
            components = ComponentStore(connection, each.store)
            if narrowed:
                write_states_narrowed(components, (), each.changes, {})
            else:
                components.write(each.changes, {})
            kinds = {kind.name: kind for kind in each.store.family.kinds}
            marks.write(kinds, each.marks, each.changed_marks)
        notifications = [each for its in prepared for each in its.notifications]
        if not notifications:
            return
        writer = WRITERS[connection.dialect.name](connection)
        rows = [_values(notification) for notification in _placed(notifications)]
        writer.insert(self._tables.notifications, rows)
        counts = Counter(each.type for each in notifications)
        known = writer.select(self._tables.counts, "type, count", "type", counts.keys())
        counts.update(dict(known))
        writer.upsert(self._tables.counts, sorted(counts.items()))

    def event(self, position: int) -> RecordedEvent:
        """The event at a position."""
        return self._events[position]

    def observations(self, keys: Collection[Key]) -> Iterator[tuple[int, list[Observation]]]:
        """What the batch says of some objects, by position."""
        observed = (each for key in keys for each in self._batch.observations[key])
        for position, group in groupby(sorted(observed, key=_position), key=_position):
            yield position, list(group)

    def anchor(self, state: State) -> Observation:
        """The observation that is a state's newest snapshot."""
        assert state.snapshot is not None
        needs = Needs({state.key: state.snapshot[1]}, {})
        return self._earlier.load(needs).anchors[state.key]

    def histories(
        self, keys: Collection[Key], component: Collection[Key], family: Family
    ) -> Mapping[Key, list[Observation]]:
        """All observations of some objects of a component, up to the batch's end."""
        needs = {key: [key, *_carriers(family, key.object, component)] for key in keys}
        return self._earlier.load(Needs({}, needs)).histories


@dataclass
class PreparedFamily:
    """What a batch changes in one family's store, and what rose with it."""

    store: StoreTables
    changes: list[ComponentChange] = field(default_factory=list)
    notifications: list[Notification] = field(default_factory=list)
    marks: Marks = field(default_factory=dict)
    changed_marks: set[tuple[str, Key]] = field(default_factory=set)

    def add(self, walk: Walk) -> None:
        """Add what became of the marks of one component."""
        self.marks |= walk.marks
        self.changed_marks |= walk.changed_marks


@dataclass
class _Family:
    """A batch as one family reads it."""

    batch: FeedBatch
    marks: MarkStore
    store: StoreTables
    linked: LinkedBatch

    def prepare(self, components: ComponentStore) -> PreparedFamily:
        """Walk through the batch in each component that it touches."""
        family, prepared = self.store.family, PreparedFamily(self.store)
        touched = Touched(self.linked, components.load(self.linked))
        self._load_ahead(touched)
        # A row may stand for an object that only others name.
        named = [object_keys(family.objects, each.states.values()) for each in touched.joined]
        known = self.marks.load(family.kinds, {key for keys in named for key in keys})
        for group in touched.new:
            walk = self._walk(group.observed, {}, {}, group.keys)
            prepared.notifications += self._through(walk, group.observed)
            prepared.changes.append(ComponentChange(group.keys, walk.final_states()))
            prepared.add(walk)
        for joined, keys in zip(touched.joined, named, strict=True):
            its = {name: mark for name, mark in known.items() if name[1] in keys}
            walk = self._walk(joined.observed, dict(joined.states), its, joined.states)
            prepared.notifications += self._through(walk, joined.observed)
            states = {state.key: state for state in walk.final_states()}
            prepared.changes.append(component_change(family, touched.stored, joined, states))
            prepared.add(walk)
        return prepared

    def _walk(
        self,
        observed: Collection[Key],
        states: dict[Key, State],
        marks: Marks,
        known: Collection[Key],
    ) -> Walk:
        family, batch = self.store.family, self.batch
        component = dict.fromkeys([*known, *observed])
        return Walk(
            family,
            states,
            marks,
            load_histories=lambda keys: batch.histories(keys, component, family),
            load_anchor=batch.anchor,
        )

    def _through(self, walk: Walk, observed: Collection[Key]) -> Iterator[Notification]:
        for position, observations in self.batch.observations(observed):
            yield from walk.read(self.batch.event(position), observations)

    def _load_ahead(self, touched: Touched) -> None:
        """Read what is surely needed of the log in one query, where there is much of it."""
        batch, needed = self.linked.batch, list[Key]()
        for joined in touched.joined:
            newest = max((state.second for state in joined.states.values()), default=-1)
            oldest = min(
                each.created for key in joined.observed for each in batch.observations[key]
            )
            if len(joined.numbers) > 1 or oldest <= newest:
                needed += joined.states
        self.batch.histories(needed, (), self.store.family)


def _carriers(family: Family, object: str, component: Collection[Key]) -> list[Key]:
    """The objects of a component whose events may embed a snapshot of some object."""
    names, wanted = set[str](), [object]
    while wanted:
        inner = wanted.pop()
        for declared in family.objects.values():
            embeds = any(embed.object == inner for embed in declared.embeds)
            if embeds and declared.name not in names:
                names.add(declared.name)
                wanted.append(declared.name)
    return [key for key in component if key.object in names] if names else []


def _placed(notifications: Sequence[Notification]) -> Iterator[tuple[Notification, int]]:
    """Notifications with their places: by position, then row by row in the order of their rise."""
    ordered = sorted(notifications, key=lambda each: (each.position, each.kind, each.row))
    for _, group in groupby(ordered, key=_position):
        for place, notification in enumerate(group):
            yield notification, place


def _values(placed: tuple[Notification, int]) -> tuple[object, ...]:
    each, place = placed
    cause = each.cause
    return (
        each.id, each.type, each.kind, each.object_id, each.account, each.livemode,
        each.position, place, each.ordinal, each.late, each.holds,
        cause.event, cause.type, cause.created, cause.position,
        each.row, each.source, each.created, each.received_at, each.is_first,
        each.object_created,
    )  # fmt: skip
