"""From a component to rows: the declared fields, computed for each aggregate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from projections.errors import Unreadable
from projections.objects.observation import Key, Scope
from projections.objects.state import State, UnreadableEvent
from projections.objects.types import Type, coerce
from projections.rows.aggregate import Aggregate, Component, each_object
from projections.rows.components import components
from projections.rows.kind import Field, Kind

__all__ = ["DeadLetter", "ProjectedRow", "make_rows", "rows_of"]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that could not be folded into a row, and why."""

    kind: str
    id: str
    event: str
    position: int
    error: str


@dataclass(slots=True)
class ProjectedRow:
    """A row and the states of its members; ``row`` is None where none of its events could be read.

    ``row`` maps the kind's columns to their values, in their order. ``object`` and ``id`` say which
    object it stands for.
    """

    object: str
    id: str
    row: dict[str, Any] | None
    members: list[State]
    dead_letters: list[DeadLetter] = field(default_factory=list)

    @property
    def scope(self) -> Scope:
        """The account and mode it belongs to."""
        return self.members[0].key.scope

    @property
    def key(self) -> Key:
        """The object that it stands for."""
        return self.scope.key(self.object, self.id)


def make_rows(kind: Kind, states: Sequence[State]) -> list[ProjectedRow]:
    """The rows of some states: a pure function of them."""
    if not any(state.object in kind.member_names for state in states):
        # Only objects that a kind refers to, waiting for one that refers to them.
        return []
    # A store may hold more than one of its kinds reads.
    read = [
        state.trimmed(kind.referenced_reads.get(state.object))
        for state in states
        if state.object in kind.objects
    ]
    return [row for component in components(kind, read) for row in rows_of(kind, component)]


def rows_of(kind: Kind, component: Component) -> list[ProjectedRow]:
    """The rows of one component."""
    rows = [_project(kind, aggregate, component) for aggregate in _aggregates(kind, component)]
    for state in component:
        # An object whose only events are unreadable makes no row, but has dead letters.
        if state.unreadable and state.object in kind.member_names and not _is_member(state, rows):
            letters = [_dead_letter(kind, state.id, event) for event in state.unreadable]
            rows.append(ProjectedRow(state.object, state.id, None, [state], letters))
    return rows


def _is_member(state: State, rows: Iterable[ProjectedRow]) -> bool:
    return any(state is member for row in rows for member in row.members)


def _aggregates(kind: Kind, component: Component) -> Iterable[Aggregate]:
    if kind.aggregates is not None:
        return kind.aggregates(component)
    return each_object(kind.members[0].name, component)


def _project(kind: Kind, aggregate: Aggregate, component: Component) -> ProjectedRow:
    letters = [
        _dead_letter(kind, aggregate.id, event)
        for state in aggregate.members
        for event in state.unreadable
    ]
    projected = ProjectedRow(
        aggregate.object or kind.root, aggregate.id, None, aggregate.members, letters
    )
    if not aggregate.is_known:
        return projected
    events, values = aggregate.events, aggregate.values
    declared: dict[str, Any] = {}
    for index, (name, derive, is_integer) in enumerate(kind.derivations):
        if derive is None:
            declared[name] = values.get(name)
            continue
        try:
            value = derive(aggregate)
            if is_integer:
                # A sum may need more than the 64 bits of its parts.
                value = coerce(Type.INTEGER, value, name)
            declared[name] = value
        except (Unreadable, ArithmeticError, LookupError, TypeError, ValueError) as error:
            # The derivation failed on what these events say: it hurts this row and no other.
            item = kind.fields[index]
            declared[name] = None if item.nullable else _EMPTY[item.type]
            letters.append(_failed(kind, aggregate, item, error))
    created = values.get("created")
    projected.row = {
        "object": kind.object,
        "id": aggregate.id,
        "account": component.scope.account,
        "livemode": component.scope.livemode,
        "created": events.first if created is None else created,
        "updated": events.last,
        "position": events.position,
        "events": events.count,
        "stale": bool(letters),
        "metadata": aggregate.metadata,
        **declared,
    }
    return projected


# The value of a field that is never null while it cannot be computed; the row is then `stale`.
_EMPTY: Mapping[Type, Any] = {Type.INTEGER: 0, Type.LIST: [], Type.CODE: "unknown"}


def _dead_letter(kind: Kind, id: str, event: UnreadableEvent) -> DeadLetter:
    return DeadLetter(kind.name, id, event.event, event.position, event.error)


def _failed(kind: Kind, aggregate: Aggregate, item: Field, error: Exception) -> DeadLetter:
    snapshots = (state.snapshot for state in aggregate.members if state.snapshot)
    newest = max(snapshots, key=lambda snapshot: snapshot[1])
    why = str(error) if isinstance(error, Unreadable) else f"{item.name}: {type(error).__name__}"
    return DeadLetter(kind.name, aggregate.id, newest[2], newest[1], why)
