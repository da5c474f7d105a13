"""The past: rows as they were, and the timeline of one, folded from the log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ledger import Log, RecordedEvent, UnknownCursor
from projections.errors import NotFound
from projections.objects.decode import observations, reader
from projections.objects.observation import Key, Observation, Scope, snapshot_of
from projections.objects.ordering import canonical_order
from projections.objects.state import State
from projections.queries.current import Page, ResultPage, get_row
from projections.queries.selector import RowSelector
from projections.rows.batch import Read
from projections.rows.components import linked_keys
from projections.rows.kind import COMMON, Kind
from projections.rows.make import ProjectedRow, make_rows
from projections.rows.project import project
from projections.rows.steps import ObjectFold
from projections.tables.live import LiveRows

__all__ = ["History", "history_of", "row_at", "snapshot", "sources", "timeline"]

# Left out of `changes`: it depends on how we came to know, or never changes.
_ENVELOPE = frozenset(column.name for column in COMMON) - {"metadata"}


@dataclass(frozen=True, slots=True)
class History:
    """All events around one row, in order of position, and the projection's checkpoint then."""

    events: list[RecordedEvent]
    position: int


def history_of(live: LiveRows, log: Log, id: str, selector: RowSelector) -> History:
    """The events of everything that is, or ever was, linked to a row.

    More than enough to fold it at any time, because links are never removed. Raises ``NotFound``.
    """
    keys = _linked_keys(live, id, selector)
    if not keys:
        raise NotFound(f"no {live.kind.object} has the id")
    scope = _scope(live, id, {key.scope for key in keys})
    streams = {key.uuid for key in keys if key.scope == scope}
    upto = live.position
    if selector.at_position is not None:
        upto = min(selector.at_position, upto)
    return History(log.streams(streams, upto=upto), live.position)


def _linked_keys(live: LiveRows, id: str, selector: RowSelector) -> set[Key]:
    """All objects linked to one that has an id and is a member of rows, itself included."""
    linked: set[Key] = set()
    for component in live.components_of_id(id):
        keys = linked_keys(live.kind.objects, component.states, id)
        if any(key.id == id and key.object in live.kind.member_names for key in keys):
            linked |= {key for key in keys if selector.includes(key.scope)}
    return linked


def _scope(live: LiveRows, id: str, scopes: set[Scope]) -> Scope:
    if len(scopes) > 1:
        # Not every scope has a row of its own: the rows decide, or are ambiguous.
        _, row = get_row(live, id, RowSelector())
        return Scope(row["account"], row["livemode"])
    return next(iter(scopes))


def row_at(
    kind: Kind, events: Iterable[RecordedEvent], id: str, read: Read | None = None
) -> ProjectedRow:
    """The row that some events give for an id; raises ``NotFound`` where they give none.

    ``read`` as in ``read_batch``.
    """
    rank = {declared.name: index for index, declared in enumerate(kind.members)}
    rows = sorted(
        (projected for projected in project(kind, events, read) if projected.row is not None),
        # Should objects of two names have the id, the first member's counts.
        key=lambda projected: rank[projected.object],
    )
    for projected in rows:
        if projected.id == id:
            return projected
    for projected in rows:
        if any(state.id == id and state.object in kind.aliases for state in projected.members):
            return projected
    for projected in rows:
        row = projected.row
        if row is not None and id in (row[name] for name in kind.own_alias_fields):
            return projected
    raise NotFound(f"no {kind.object} had the id then")


def snapshot(kind: Kind, projected: ProjectedRow, log: Log) -> dict[str, Any] | None:
    """The newest snapshot of the row's root object, as Stripe sent it."""
    rank = {declared.name: index for index, declared in enumerate(kind.members)}
    known = [state for state in projected.members if state.snapshot is not None]
    newest = min(
        known,
        # The row's own object; before it was seen, what stands for it, the newest first.
        key=lambda state: (
            state.id != projected.id,
            rank[state.object],
            [-part for part in (state.snapshot or ())[:2]],
        ),
        default=None,
    )
    if newest is None or newest.snapshot is None:
        return None
    [event] = log.at_positions([newest.snapshot[1]])
    for observation in observations(event, kind.objects):
        if observation.key == newest.key:
            return dict(snapshot_of(observation))
    return None


@dataclass
class _Replay:
    """The states while events are read one after the other, and the row that they give.

    ``members`` are the objects that the row has in the end.
    """

    kind: Kind
    id: str
    members: frozenset[Key]
    folds: dict[Key, ObjectFold] = field(default_factory=dict)

    def read(self, observed: Iterable[Observation]) -> None:
        """Fold observations into their objects."""
        for observation in observed:
            key = observation.key
            if key not in self.folds:
                self.folds[key] = ObjectFold(self.kind.objects[key.object])
            self.folds[key].add(observation)

    def row(self) -> dict[str, Any]:
        """The row; while its parts still stand alone, the first of them."""
        states: list[State] = [fold.state for fold in self.folds.values() if fold.state is not None]
        rows = [each for each in make_rows(self.kind, states) if each.row is not None]
        final = [each.row for each in rows if each.id == self.id]
        # Rows of objects that are no members in the end are strangers.
        parts = [each for each in rows if self.members >= {state.key for state in each.members}]
        first = sorted(parts, key=lambda part: part.id)
        row = final[0] if final else first[0].row if first else None
        return row or {}


def timeline(
    kind: Kind, history: History, projected: ProjectedRow, page: Page | None = None
) -> ResultPage:
    """Events of a row's own in canonical order, with the fields that each changed.

    A page of them: rows are projected for its entries only. Raises ``UnknownCursor``.
    """
    members = frozenset(state.key for state in projected.members)
    read = reader(kind.objects)
    observed = [(event, read(event)) for event in history.events]
    own = _in_order(kind, observed, members)
    start, stop = _bounds([event.event_id for event, _ in own], page)
    referenced = sorted(
        (each for _, group in observed for each in group if each.key not in members),
        key=lambda observation: observation.created,
    )
    latest = _latest_before({event.position: event.created for event, _ in own})
    replay = _Replay(kind, projected.id, members)
    entries, used, before = [], 0, None
    for index, (event, group) in enumerate(own[:stop]):
        due = [each for each in referenced[used:] if each.created <= event.created]
        if due:
            # What other objects contributed by then is not this event's change.
            used += len(due)
            replay.read(due)
            before = None
        if index >= start and before is None:
            before = replay.row()
        replay.read(group)
        if index >= start:
            after = replay.row()
            entries.append(_entry(kind, event, latest[event.position], before or {}, after))
            before = after
    has_more = start > 0 if page is not None and page.is_backwards else stop < len(own)
    return ResultPage(entries, has_more, history.position)


def _bounds(ids: Sequence[str], page: Page | None) -> tuple[int, int]:
    """Where a page of a list with some ids begins and ends."""
    if page is None:
        return 0, len(ids)
    cursor = page.cursor
    if cursor is not None and cursor not in ids:
        raise UnknownCursor(cursor)
    if page.is_backwards:
        stop = ids.index(str(cursor))
        return max(0, stop - page.limit), stop
    start = 0 if cursor is None else ids.index(cursor) + 1
    return start, min(start + page.limit, len(ids))


def _entry(
    kind: Kind, event: RecordedEvent, latest: int, before: dict[str, Any], after: dict[str, Any]
) -> dict[str, Any]:
    return {
        "object": "timeline_entry",
        "position": event.position,
        "event": event.event_id,
        "type": event.type,
        "created": event.created,
        "received_at": event.received_at // 1_000_000,
        "late": latest > event.created,
        "changes": _changes(kind, before, after),
    }


def sources(
    kind: Kind, row: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """For each field of a row the entry of its whole timeline that gave it its value.

    None of them did where another row's object lent it, or where it was never set.
    """
    setters = {name: entry for entry in entries for name in entry["changes"]}
    result = []
    for name in (column.name for column in kind.columns if column.name not in _ENVELOPE):
        entry = setters.get(name)
        is_its_value = entry is not None and entry["changes"][name][1] == row[name]
        shown = entry if entry is not None and is_its_value else {}
        source = {key: shown.get(key) for key in ("event", "type", "created", "position")}
        result.append({"object": "field_source", "id": name, **source})
    return result


Observed = Sequence[tuple[RecordedEvent, list[Observation]]]


def _in_order(
    kind: Kind, observed: Observed, members: frozenset[Key]
) -> list[tuple[RecordedEvent, list[Observation]]]:
    """The events of a row's objects, each with its observations of them, in canonical order."""
    own: dict[str, list[Observation]] = {}
    direct: dict[Key, list[Observation]] = defaultdict(list)
    for event, group in observed:
        of_members = [observation for observation in group if observation.key in members]
        if of_members:
            own[event.event_id] = of_members
            # The event's own object places it; where that is no member, the first inside.
            direct[of_members[0].key].append(of_members[0])
    places = {
        observation.event_id: index
        for key, group in direct.items()
        for index, observation in enumerate(canonical_order(group, kind.objects[key.object]))
    }
    rank = {declared.name: index for index, declared in enumerate(kind.members)}

    def place(event: RecordedEvent) -> tuple[Any, ...]:
        first = own[event.event_id][0]
        # An object that carries others comes before what it carries.
        return (event.created, rank[first.key.object], first.key.id, places[event.event_id])

    events = [event for event, _ in observed if event.event_id in own]
    return [(event, own[event.event_id]) for event in sorted(events, key=place)]


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
