"""The past: rows as they were, and the timeline of one, folded from the log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ledger import Log, RecordedEvent
from projections.errors import NotFound
from projections.objects.decode import observations
from projections.objects.observation import Key, Observation, Scope, snapshot_of
from projections.objects.ordering import canonical_order
from projections.objects.state import State, fold
from projections.queries.current import ANY, Account, Live
from projections.rows.components import clusters
from projections.rows.kind import COMMON, Kind
from projections.rows.make import ProjectedRow, make
from projections.rows.project import project
from projections.tables.component import members_of

__all__ = ["Past", "at", "past", "snapshot", "timeline"]

# What `changes` leaves out: it belongs to how we came to know, or never changes.
_ENVELOPE = frozenset(column.name for column in COMMON) - {"metadata"}


@dataclass(frozen=True, slots=True)
class Past:
    """All events around one row, and where the projection stood when they were found."""

    scope: Scope
    entries: list[RecordedEvent]
    position: int


def past(
    live: Live, log: Log, id: str, account: Account, livemode: bool | None, *, upto: int | None
) -> Past:
    """The events of everything that is, or ever was, linked to a row: more than enough to fold
    it at any time, for links are never untold."""
    found = _around(live, id, account, livemode)
    if not found:
        raise NotFound(f"no {live.kind.object} has the id")
    scope = _the_scope(live, id, {key.scope for key in found})
    streams = {key.uuid for key in found if key.scope == scope}
    end = live.position if upto is None else min(upto, live.position)
    return Past(scope, log.streams(streams, upto=end), live.position)


def _around(live: Live, id: str, account: Account, livemode: bool | None) -> set[Key]:
    """All objects that are linked to one that has an id and feeds rows, itself included."""
    owned = {thing.name for thing in live.kind.owns}
    found: set[Key] = set()
    for kept in live.around(id):
        members = members_of(live.kind, kept.states)
        if any(key.id == id and key.object in owned for key in members):
            found |= {key for key in members if _is_within(key.scope, account, livemode)}
    return found


def _is_within(scope: Scope, account: Account, livemode: bool | None) -> bool:
    own = None if account == "self" else account
    return own in (ANY, scope.account) and livemode in (None, scope.livemode)


def _the_scope(live: Live, id: str, scopes: set[Scope]) -> Scope:
    if len(scopes) > 1:
        # Not every scope need have a row of its own: the rows decide, and say so if they cannot.
        _, row = live.one(id, ANY, None)
        return Scope(row["account"], row["livemode"])
    return next(iter(scopes))


def at(kind: Kind, entries: Iterable[RecordedEvent], id: str) -> ProjectedRow:
    """The row that some events give for an id; raises ``NotFound`` where they give none."""
    made = [one for one in project(kind, entries) if one.row is not None]
    for one in made:
        if one.id == id:
            return one
    for one in made:
        if any(state.id == id and state.object in kind.aliases for state in one.own):
            return one
    for one in made:
        if one.row is not None and id in (one.row[name] for name in kind.aliases.values()):
            return one
    raise NotFound(f"no {kind.object} had the id then")


def snapshot(kind: Kind, made: ProjectedRow, log: Log) -> dict[str, Any] | None:
    """The newest snapshot of the row's main object, as Stripe sent it."""
    rank = {thing.name: index for index, thing in enumerate(kind.owns)}
    known = [state for state in made.own if state.snapshot is not None]
    newest = min(
        known,
        # The row's own object; where nobody told of it, what stands for it, the newest first.
        key=lambda s: (s.id != made.id, rank[s.object], [-at for at in (s.snapshot or ())[:2]]),
        default=None,
    )
    if newest is None or newest.snapshot is None:
        return None
    position = newest.snapshot[1]
    entry = log.after(position - 1, 1)[0]
    for observation in observations(entry, kind.objects):
        if observation.key == newest.key:
            return dict(snapshot_of(observation))
    return None


@dataclass
class _Folding:
    """The states while events are taken in one after the other, and the row they give."""

    kind: Kind
    id: str
    own: frozenset[Key]
    told: dict[Key, list[Observation]] = field(default_factory=lambda: defaultdict(list))
    states: dict[Key, State] = field(default_factory=dict)

    def take(self, some: Sequence[Observation]) -> None:
        """Fold observations into the objects they tell of."""
        for observation in some:
            self.told[observation.key].append(observation)
        for key in {observation.key for observation in some}:
            self.states[key] = fold(self.told[key], self.kind.objects[key.object])

    def row(self) -> dict[str, Any]:
        """The row that will be, or of its parts while they still stand alone the first."""
        made = [
            one
            for cluster in clusters(self.kind, self.states.values())
            for one in make(self.kind, cluster)
            if one.row is not None
        ]
        final = [one.row for one in made if one.id == self.id]
        # Only what the row gathers in the end is a part of it; its neighbours are strangers.
        parts = [one for one in made if self.own >= {state.key for state in one.own}]
        alone = sorted(parts, key=lambda one: one.id)
        row = final[0] if final else alone[0].row if alone else None
        return row or {}


def timeline(kind: Kind, found: Past, made: ProjectedRow) -> list[dict[str, Any]]:
    """Each own event of a row in canonical order, with the fields that it changed."""
    own = {state.key for state in made.own}
    events = _in_order(kind, found.entries, own)
    lent = sorted(_lent(kind, found.entries, own), key=lambda observation: observation.created)
    latest = _latest_before({entry.position: entry.created for entry, _ in events})
    folding = _Folding(kind, made.id, frozenset(own))
    entries, taken = [], 0
    before = folding.row()
    for entry, told in events:
        due = [observation for observation in lent[taken:] if observation.created <= entry.created]
        if due:
            # What others lent by then is no doing of this event.
            taken += len(due)
            folding.take(due)
            before = folding.row()
        folding.take(told)
        after = folding.row()
        entries.append(
            {
                "object": "timeline_entry",
                "position": entry.position,
                "event": entry.event_id,
                "type": entry.type,
                "created": entry.created,
                "received_at": entry.received_at // 1_000_000,
                "late": latest[entry.position] > entry.created,
                "changes": _changes(kind, before, after),
            }
        )
        before = after
    return entries


def _in_order(
    kind: Kind, entries: Sequence[RecordedEvent], own: set[Key]
) -> list[tuple[RecordedEvent, list[Observation]]]:
    """The events that tell of a row's objects, each with what it tells, in canonical order."""
    told: dict[str, list[Observation]] = defaultdict(list)
    direct: dict[Key, list[Observation]] = defaultdict(list)
    for entry in entries:
        tells = [one for one in observations(entry, kind.objects) if one.key in own]
        if tells:
            told[entry.event_id] = tells
            # The event's own object places it, or, where that is a stranger, the first inside.
            direct[tells[0].key].append(tells[0])
    catalog = {
        observation.event_id: index
        for key, group in direct.items()
        for index, observation in enumerate(canonical_order(group, kind.objects[key.object]))
    }
    rank = {thing.name: index for index, thing in enumerate(kind.owns)}

    def place(entry: RecordedEvent) -> tuple[Any, ...]:
        first = told[entry.event_id][0]
        # What carries others stands before what it carries.
        return (entry.created, rank[first.key.object], first.key.id, catalog[entry.event_id])

    mine = [entry for entry in entries if entry.event_id in told]
    return [(entry, told[entry.event_id]) for entry in sorted(mine, key=place)]


def _lent(kind: Kind, entries: Iterable[RecordedEvent], own: set[Key]) -> list[Observation]:
    return [
        observation
        for entry in entries
        for observation in observations(entry, kind.objects)
        if observation.key not in own
    ]


def _latest_before(created: dict[int, int]) -> dict[int, int]:
    """For each position, the greatest `created` among the positions before it."""
    greatest, before = -1, {}
    for position in sorted(created):
        before[position] = greatest
        greatest = max(greatest, created[position])
    return before


def _changes(kind: Kind, before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    names = [column.name for column in kind.columns if column.name not in _ENVELOPE]
    return {
        name: [before.get(name), after.get(name)]
        for name in names
        if before.get(name) != after.get(name)
    }
