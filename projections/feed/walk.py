"""Through the events of one component, position by position: which rows rise, and when."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ledger import RecordedEvent, cause_of
from projections.feed.notification import RECORD, Cause, Notification, notification_id
from projections.feed.row_history import Base, Rise, RowHistory
from projections.objects.history import LoadAnchor, ObjectHistory
from projections.objects.observation import Key, Observation
from projections.objects.state import State
from projections.rows.aggregate import Aggregate, each_object
from projections.rows.change import row_key
from projections.rows.components import components
from projections.rows.family import Family
from projections.rows.kind import Kind

__all__ = ["LoadHistories", "Mark", "Marks", "Walk"]

# Reads all observations of some objects from the log, up to the end of the batch.
LoadHistories = Callable[[Collection[Key]], Mapping[Key, list[Observation]]]


@dataclass(slots=True)
class Mark:
    """How often a row's conditions have risen along its history, and at most did at any position;
    both in the order of the conditions."""

    counts: list[int]
    highest: list[int]

    @classmethod
    def none(cls, kind: Kind) -> Mark:
        """That nothing rose yet."""
        return cls([0] * len(kind.conditions), [0] * len(kind.conditions))


# By kind and row.
Marks = dict[tuple[str, Key], Mark]


@dataclass
class Walk:
    """One component of a family while the events of a batch come in, in order of position.

    ``states`` and ``marks`` are what is stored of it; both are brought forward.
    """

    family: Family
    states: dict[Key, State]
    marks: Marks
    load_histories: LoadHistories
    load_anchor: LoadAnchor
    changed_marks: set[tuple[str, Key]] = field(default_factory=set)
    _objects: dict[Key, ObjectHistory] = field(default_factory=dict)
    _rows: dict[tuple[str, Key], RowHistory] = field(default_factory=dict)
    _members: dict[str, dict[Key, frozenset[Key]]] = field(default_factory=dict)
    _stored: dict[str, dict[Key, frozenset[Key]]] = field(default_factory=dict)
    _counts: dict[tuple[str, Key], tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._counts = {name: tuple(mark.counts) for name, mark in self.marks.items()}
        for kind in self.family.kinds:
            rows = self._aggregates(kind, self.states) if self.states else {}
            self._stored[kind.name] = {key: _keys(row) for key, row in rows.items()}
            self._members[kind.name] = dict(self._stored[kind.name])

    def read(
        self, event: RecordedEvent, observations: Sequence[Observation]
    ) -> Iterator[Notification]:
        """Read what the next event says of the component's objects; gives what rises with it."""
        spans: dict[Key, list[tuple[int, int | None]]] = {}
        for observation in observations:
            key = observation.key
            if observation.created <= self._object(key).base_second:
                self._load([key], event.position)
                spans[key] = [(observation.created, None)]
        for observation in observations:
            if not self._is_read(observation):
                until = self._objects[observation.key].add(observation)
                spans.setdefault(observation.key, []).append((observation.created, until))
            newest = self._objects[observation.key].newest()
            assert newest is not None
            self.states[observation.key] = newest
        for kind in self.family.kinds:
            yield from self._read_kind(kind, event, spans)

    def final_states(self) -> list[State]:
        """The states after all events."""
        reads = self.family.referenced_reads
        for key, history in self._objects.items():
            state = history.state()
            if state is not None:
                self.states[key] = state.trimmed(reads.get(key.object))
        return list(self.states.values())

    def _is_read(self, observation: Observation) -> bool:
        return any(
            each.event_id == observation.event_id
            for each in self._objects[observation.key].at(observation.created)
        )

    def _object(self, key: Key) -> ObjectHistory:
        history = self._objects.get(key)
        if history is None:
            declared = self.family.objects[key.object]
            history = ObjectHistory(declared, self.states.get(key), self.load_anchor)
            self._objects[key] = history
        return history

    def _load(self, keys: Collection[Key], position: int) -> None:
        """Read the whole histories of some objects, up to a position."""
        for key, observations in self.load_histories(keys).items():
            history = ObjectHistory(self.family.objects[key.object], None, self.load_anchor)
            for observation in sorted(observations, key=lambda each: each.created):
                if observation.position <= position:
                    history.add(observation)
            self._objects[key] = history
        # What was counted from their bases is counted anew when it is asked for.
        self._rows = {
            name: row for name, row in self._rows.items() if row.members.keys().isdisjoint(keys)
        }

    def _aggregates(self, kind: Kind, states: Mapping[Key, State]) -> dict[Key, Aggregate]:
        """The rows that some states give, by the objects that they stand for."""
        if not any(key.object in kind.member_names for key in states):
            return {}
        read = [
            state.trimmed(kind.referenced_reads.get(key.object))
            for key, state in states.items()
            if key.object in kind.objects
        ]
        rows = {}
        for component in components(kind, read):
            aggregates = kind.aggregates(component) if kind.aggregates is not None else (
                each_object(kind.root, component)
            )  # fmt: skip
            for aggregate in aggregates:
                object = aggregate.object or kind.root
                rows[component.scope.key(object, aggregate.id)] = aggregate
        return rows

    def _read_kind(
        self,
        kind: Kind,
        event: RecordedEvent,
        spans: Mapping[Key, Sequence[tuple[int, int | None]]],
    ) -> Iterator[Notification]:
        if kind.aggregates is None:
            # Each object is a row by itself.
            observed = {key: self.states[key] for key in spans if key.object == kind.root}
            rows = self._aggregates(kind, observed)
        elif any(key.object in kind.objects for key in spans):
            rows = self._aggregates(kind, self.states)
            self._merge_absorbed(kind, rows)
        else:
            return
        members = self._members[kind.name]
        for key, aggregate in rows.items():
            keys = _keys(aggregate)
            if keys.isdisjoint(spans) and members.get(key) == keys:
                continue
            members[key] = keys
            row = self._known_row(kind, key, keys)
            if row is None:
                row = self._row(kind, key, aggregate, event.position)
            else:
                for member in keys & spans.keys():
                    for first, until in spans[member]:
                        row.update(first, until)
            yield from self._notifications(kind, key, aggregate, row, event)

    def _merge_absorbed(self, kind: Kind, rows: Mapping[Key, Aggregate]) -> None:
        """A row that is part of another one from here on takes what it rose to along."""
        members = self._members[kind.name]
        for key in members.keys() - rows.keys():
            before = members.pop(key)
            self._rows.pop((kind.name, key), None)
            mark = self.marks.pop((kind.name, key), None)
            self.changed_marks.add((kind.name, key))
            into = [other for other, row in rows.items() if not before.isdisjoint(_keys(row))]
            if mark is None or not into:
                continue
            other = self._mark(kind, min(into))
            other.highest = list(map(max, other.highest, mark.highest))

    def _mark(self, kind: Kind, key: Key) -> Mark:
        self.changed_marks.add((kind.name, key))
        return self.marks.setdefault((kind.name, key), Mark.none(kind))

    def _known_row(self, kind: Kind, key: Key, members: frozenset[Key]) -> RowHistory | None:
        """The history of a row as it was before the event; None where it has to be made anew."""
        row = self._rows.get((kind.name, key))
        is_same = row is not None and row.members.keys() == members and not self._is_late(row)
        return row if is_same else None

    def _row(self, kind: Kind, key: Key, aggregate: Aggregate, position: int) -> RowHistory:
        """The history of a row, made anew."""
        members = _keys(aggregate)
        rank = {declared.name: index for index, declared in enumerate(kind.members)}
        ordered = sorted(members, key=lambda each: (rank[each.object], each.id))
        histories = {each: self._object(each) for each in ordered}
        base = self._base(kind, key, histories)
        based = [each for each, history in histories.items() if history.base is not None]
        if base is None and based:
            self._load(based, position)
            histories = {each: self._objects[each] for each in ordered}
        row = RowHistory(kind.conditions, histories, aggregate, base)
        self._rows[kind.name, key] = row
        return row

    def _base(self, kind: Kind, key: Key, histories: Mapping[Key, ObjectHistory]) -> Base | None:
        """What is stored of a row, where all that came since is newer."""
        based = frozenset(each for each, history in histories.items() if history.base is not None)
        if not based or self._stored[kind.name].get(key, frozenset()) != based:
            return None
        second = max(histories[each].base_second for each in based)
        if any(each.seconds and each.seconds[0] <= second for each in histories.values()):
            return None
        return Base(second, self._counts.get((kind.name, key)) or (0,) * len(kind.conditions))

    def _is_late(self, row: RowHistory) -> bool:
        """Whether events came that are no newer than what the row begins with."""
        if row.base is None:
            return False
        second = row.base.second
        return any(each.seconds and each.seconds[0] <= second for each in row.members.values())

    def _notifications(
        self, kind: Kind, key: Key, aggregate: Aggregate, row: RowHistory, event: RecordedEvent
    ) -> Iterator[Notification]:
        mark = self._mark(kind, key)
        mark.counts = list(row.counts)
        risen = [
            (index, ordinal, row.rise(index, ordinal))
            for index, count in enumerate(row.counts)
            for ordinal in range(mark.highest[index] + 1, count + 1)
        ]
        mark.highest = list(map(max, mark.highest, row.counts))
        for index, ordinal, rise in sorted(risen, key=lambda each: (row.place(each[2]), each[:2])):
            yield _notification(kind, key, aggregate, row, event, index, ordinal, rise)


def _notification(
    kind: Kind,
    key: Key,
    aggregate: Aggregate,
    row: RowHistory,
    event: RecordedEvent,
    index: int,
    ordinal: int,
    rise: Rise,
) -> Notification:
    condition, cause = kind.conditions[index], rise.cause
    return Notification(
        id=notification_id(key, kind.object, condition.name, ordinal),
        type=f"{kind.object}.{condition.name}",
        kind=kind.name,
        object_id=key.id,
        account=key.scope.account,
        livemode=bool(key.scope.livemode),
        position=event.position,
        place=0,
        ordinal=ordinal,
        late=row.newest_second > cause.created,
        holds=row.values[index] > 0,
        cause=Cause(cause.event_id, cause.type, cause.created, cause.position),
        row=row_key(kind, key),
        source=_source(event),
        created=event.created,
        received_at=event.received_at,
        is_first=rise.is_first,
        object_created=aggregate.values.get("created"),
    )


def _source(event: RecordedEvent) -> str:
    is_uncaused = event.is_snapshot and cause_of(event.body) is None
    return RECORD if is_uncaused else event.source


def _keys(aggregate: Aggregate) -> frozenset[Key]:
    return frozenset(state.key for state in aggregate.members)
