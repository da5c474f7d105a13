"""The feed by its definition, as plainly as it can be put, and at any cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ledger import RecordedEvent
from projections import KINDS, Kind
from projections.feed.notification import notification_id
from projections.objects.decode import observations
from projections.objects.observation import Key, Observation
from projections.objects.ordering import canonical_order
from projections.objects.state import State, fold, fold_in_order
from projections.rows.aggregate import Aggregate, each_object
from projections.rows.components import components

Risen = tuple[str, str, int, int, str, bool, bool, str]


@dataclass(frozen=True)
class _Row:
    """A row as known at a position: its objects, and their own events in canonical order."""

    kind: Kind
    aggregate: Aggregate
    observed: dict[Key, list[Observation]]

    @property
    def key(self) -> Key:
        """The object that it stands for."""
        object = self.aggregate.object or self.kind.root
        return self.aggregate.component.scope.key(object, self.aggregate.id)

    def rises(self) -> Iterator[tuple[str, list[Observation], int]]:
        """Each condition with the events at which it rises, and what it is in the end."""
        steps = list(self._steps())
        for condition in self.kind.conditions:
            before, risen = 0, []
            for event, states in steps:
                aggregate = self.aggregate.of(states)
                value = int(condition.holds(aggregate)) if aggregate.is_known else 0
                if value > before:
                    risen.append(event)
                before = value
            yield condition.name, risen, before

    def newest(self) -> int:
        return max(each.created for its in self.observed.values() for each in its)

    def _steps(self) -> Iterator[tuple[Observation, list[State]]]:
        """The states after the first event, the first two, and so on."""
        ordered = {
            key: canonical_order(its, self.kind.objects[key.object])
            for key, its in self.observed.items()
        }
        so_far = set[str]()
        for event in self._events():
            so_far.add(event.event_id)
            known = {
                key: [each for each in its if each.event_id in so_far]
                for key, its in ordered.items()
            }
            yield (
                event,
                [
                    fold_in_order(its, self.kind.objects[key.object], None)
                    for key, its in known.items()
                    if its
                ],
            )

    def _events(self) -> list[Observation]:
        """By second, rank and id of the event's own object, and its place in its history."""
        rank = {declared.name: index for index, declared in enumerate(self.kind.members)}
        by_event: dict[str, list[Observation]] = defaultdict(list)
        for key in sorted(self.observed, key=lambda key: (rank[key.object], key.id)):
            for each in self.observed[key]:
                by_event[each.event_id].append(each)
        placing: dict[Key, list[Observation]] = defaultdict(list)
        for its in by_event.values():
            first = min(its, key=lambda each: each.embedded)
            placing[first.key].append(first)
        places: dict[tuple[Key, str], int] = {}
        for key in placing:
            whole = canonical_order(self.observed[key], self.kind.objects[key.object])
            places |= {(key, each.event_id): index for index, each in enumerate(whole)}
        return sorted(
            (each for its in placing.values() for each in its),
            key=lambda each: (
                each.created,
                rank[each.key.object],
                each.key.id,
                places[each.key, each.event_id],
            ),
        )


def reference(log: Sequence[RecordedEvent]) -> list[Risen]:
    """Every notification of a log: id, type, position, ordinal, cause, late, holds, row."""
    return sorted(risen for kind in KINDS.values() for risen in _of_kind(kind, log))


@dataclass(frozen=True)
class Rises:
    """How often a condition rises along the history of a row with some objects."""

    type: str
    members: frozenset[str]
    count: int


def rises(log: Sequence[RecordedEvent]) -> Iterator[Rises]:
    """The rises along the final histories of a log's rows."""
    for kind in KINDS.values():
        for row in _rows(kind, log):
            members = frozenset({row.key.id, *(key.id for key in row.observed)})
            for name, risen, _ in row.rises():
                yield Rises(f"{kind.object}.{name}", members, len(risen))


def _of_kind(kind: Kind, log: Sequence[RecordedEvent]) -> Iterator[Risen]:
    highest: dict[tuple[Key, str], int] = defaultdict(int)
    before: dict[Key, frozenset[Key]] = {}
    for count, event in enumerate(log, start=1):
        rows = {row.key: row for row in _rows(kind, log[:count])}
        members = {key: frozenset(row.observed) for key, row in rows.items()}
        for gone in before.keys() - rows.keys():
            into = [key for key, its in members.items() if not its.isdisjoint(before[gone])]
            for condition in kind.conditions if into else ():
                mark = highest.pop((gone, condition.name), 0)
                highest[min(into), condition.name] = max(highest[min(into), condition.name], mark)
        before = members
        for key, row in rows.items():
            for name, risen, value in row.rises():
                for ordinal in range(highest[key, name] + 1, len(risen) + 1):
                    cause = risen[ordinal - 1]
                    yield (
                        notification_id(key, kind.object, name, ordinal), f"{kind.object}.{name}",
                        event.position, ordinal, cause.event_id, row.newest() > cause.created,
                        value > 0, key.id,
                    )  # fmt: skip
                highest[key, name] = max(highest[key, name], len(risen))


def _rows(kind: Kind, log: Sequence[RecordedEvent]) -> Iterator[_Row]:
    observed: dict[Key, list[Observation]] = defaultdict(list)
    for event in log:
        for observation in observations(event, kind.objects):
            observed[observation.key].append(observation)
    states = [
        fold(its, kind.objects[key.object]).trimmed(kind.referenced_reads.get(key.object))
        for key, its in observed.items()
    ]
    for component in components(kind, states):
        aggregates = kind.aggregates or (lambda each: each_object(kind.root, each))
        for aggregate in aggregates(component):
            keys = [state.key for state in aggregate.members]
            yield _Row(kind, aggregate, {key: observed[key] for key in keys})
