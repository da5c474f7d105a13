"""Clusters of linked objects, and the subjects that rows are made of."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from projections.objects.observation import Scope
from projections.objects.state import State, Tally

__all__ = ["Aggregate", "Component", "each_of"]


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
                group.sort(key=age)

    def __iter__(self) -> Iterator[State]:
        return iter(self._states)

    def get(self, object: str, id: str | None) -> State | None:
        """The state of one object, if anything told of it."""
        for state in self._by_object.get(object, ()):
            if state.id == id:
                return state
        return None

    def all(self, object: str) -> Sequence[State]:
        """The states of all objects of a name, oldest first."""
        return self._by_object.get(object, ())

    def naming(self, object: str, to: str, id: str) -> list[State]:
        """The objects of a name that link to ``id``, oldest first."""
        return [state for state in self.all(object) if id in state.links.get(to, ())]


def age(state: State) -> tuple[int, str]:
    """By `created`, then id; an object whose `created` nobody told stands first."""
    return (state.values.get("created") or 0, state.id)


@dataclass(kw_only=True)
class Aggregate:
    """What one row is about: its id, its main object, and all objects whose events are its own."""

    id: str
    cluster: Component
    main: State | None
    own: list[State] = field(default_factory=list)

    @property
    def values(self) -> dict[str, Any]:
        """What the main object's newest snapshots told."""
        return self.main.values if self.main is not None else {}

    @property
    def is_known(self) -> bool:
        """Whether any event of its own could be read."""
        return any(state.is_known for state in self.own)

    @property
    def tally(self) -> Tally:
        """Its own events."""
        return functools.reduce(Tally.plus, (state.tally for state in self.own), Tally())

    @property
    def metadata(self) -> dict[str, Any] | None:
        """The merchant's keys and values."""
        return self.values.get("metadata")


def each_of(object: str, cluster: Component) -> Iterator[Aggregate]:
    """One subject for each object of a name: what most kinds are made of."""
    for state in cluster.all(object):
        yield Aggregate(id=state.id, cluster=cluster, main=state, own=[state])
