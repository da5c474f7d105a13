"""Components of linked objects, and the aggregates in them that become rows."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from projections.objects.observation import Scope
from projections.objects.state import EventStats, State

__all__ = ["Aggregate", "Component", "each_object", "first_link"]


class Component:
    """The states of objects that are linked, directly or through each other, in one scope."""

    def __init__(self, scope: Scope, states: Iterable[State]) -> None:
        self.scope = scope
        self._states = list(states)
        self._by_object: dict[str, list[State]] = {}
        for state in self._states:
            self._by_object.setdefault(state.object, []).append(state)
        for group in self._by_object.values():
            if len(group) > 1:
                group.sort(key=_age)

    def __iter__(self) -> Iterator[State]:
        return iter(self._states)

    def get(self, object: str, id: str | None) -> State | None:
        """The state of one object; None if no event of it was read."""
        for state in self._by_object.get(object, ()):
            if state.id == id:
                return state
        return None

    def all(self, object: str) -> Sequence[State]:
        """The states of all objects of a name, oldest first."""
        return self._by_object.get(object, ())

    def linking(self, object: str, to: str, id: str) -> list[State]:
        """The objects of a name that link to the object ``to`` with ``id``, oldest first."""
        return [state for state in self.all(object) if id in state.links.get(to, ())]


def _age(state: State) -> tuple[int, str]:
    """By `created`, then id; an object whose `created` is unknown comes first."""
    return (state.values.get("created") or 0, state.id)


@dataclass(kw_only=True)
class Aggregate:
    """What one row is about: its id, its root object, and all objects whose events are its own.

    ``object`` is the name of the object that has the id, where it is not the kind's first member.
    """

    id: str
    component: Component
    root: State | None
    members: list[State] = field(default_factory=list)
    object: str | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The values of the root object's newest snapshots."""
        return self.root.values if self.root is not None else {}

    @property
    def is_known(self) -> bool:
        """Whether any event of its own could be read."""
        return any(state.is_known for state in self.members)

    @property
    def events(self) -> EventStats:
        """Its own events."""
        return functools.reduce(
            EventStats.plus, (state.events for state in self.members), EventStats()
        )

    def of(self, members: list[State]) -> Aggregate:
        """The same row when its objects were in other states; it sees none but them."""
        root = next((s for s in members if self.root is not None and s.key == self.root.key), None)
        return Aggregate(
            id=self.id,
            component=Component(self.component.scope, members),
            root=root,
            members=members,
            object=self.object,
        )

    @property
    def metadata(self) -> dict[str, Any] | None:
        """The merchant's keys and values."""
        return self.values.get("metadata")


def first_link(state: State | None, to: str) -> str | None:
    """The first id of an object that a state ever linked to."""
    ids = state.links.get(to) if state is not None else None
    return ids[0] if ids else None


def each_object(object: str, component: Component) -> Iterator[Aggregate]:
    """One aggregate for each object of a name: what most kinds consist of."""
    for state in component.all(object):
        yield Aggregate(id=state.id, component=component, root=state, members=[state])
