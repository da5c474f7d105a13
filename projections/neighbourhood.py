"""Which objects belong together: a walk along links, in memory or over the stored ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from projections.declare import Kind
from projections.sighting import Scope
from projections.state import State
from projections.subject import Cluster

__all__ = ["Edge", "clusters", "edges", "walk_from"]


@dataclass(frozen=True, slots=True)
class Edge:
    """A link that an object told of, between two streams."""

    source: UUID
    source_object: str
    target: UUID
    target_object: str


def edges(kind: Kind, state: State) -> Iterator[Edge]:
    """The links of one object to others that the kind reads."""
    key = state.key
    for to, ids in state.links.items():
        if to in kind.objects:
            for id in ids:
                yield Edge(key.uuid, key.object, key.scope.key(to, id).uuid, to)


def walk_from(
    kind: Kind,
    start: Mapping[UUID, str],
    touching: Callable[[Collection[UUID]], Iterable[Edge]],
) -> dict[UUID, str]:
    """All objects (by stream, with their names) whose states the rows around ``start`` hang on.

    The walk goes on through the objects the kind names in ``through``; a lender is reached, and
    left only where it is itself the start. ``touching`` gives the links at some streams.
    """
    reached = dict(start)
    frontier = dict(start)
    while frontier:
        found: dict[UUID, str] = {}
        for edge in touching(frontier):
            for here, there, name in (
                (edge.source, edge.target, edge.target_object),
                (edge.target, edge.source, edge.source_object),
            ):
                if here in frontier and there not in reached:
                    found[there] = name
        # A lender at the start leads to the rows it lends to, never to other lenders.
        reached.update(found)
        frontier = {stream: name for stream, name in found.items() if name in kind.through}
    return reached


def clusters(kind: Kind, states: Iterable[State]) -> list[Cluster]:
    """Part states into clusters: what is linked through ``through``, with its lenders."""
    by_scope: dict[Scope, list[State]] = defaultdict(list)
    for state in states:
        by_scope[state.key.scope].append(state)
    return [
        Cluster(scope, group)
        for scope, members in by_scope.items()
        for group in _parts(kind, members)
    ]


Node = tuple[str, str]


def _parts(kind: Kind, states: list[State]) -> list[list[State]]:
    joined = _Joined()
    lenders: list[State] = []
    lent_to: dict[Node, set[Node]] = defaultdict(set)
    for state in states:
        node = (state.object, state.id)
        # Whatever is not walked through and owns no row of its own only lends.
        if state.object not in kind.through and state.object != kind.owns[0].name:
            lenders.append(state)
        else:
            joined.find(node)
        for to, ids in state.links.items():
            for id in ids:
                other = (to, id)
                if state.object in kind.through and to in kind.through:
                    joined.join(node, other)
                elif to in kind.objects:
                    lent_to[other].add(node)
                    lent_to[node].add(other)
    groups: dict[Node, list[State]] = defaultdict(list)
    members = {(state.object, state.id) for state in states} - {(s.object, s.id) for s in lenders}
    for state in states:
        node = (state.object, state.id)
        if node in members:
            groups[joined.find(node)].append(state)
    for lender in lenders:
        roots = {joined.find(node) for node in lent_to[lender.object, lender.id]
                 if node in joined}  # fmt: skip
        for root in roots & groups.keys():
            groups[root].append(lender)
    return list(groups.values())


class _Joined:
    """Disjoint sets of nodes; a node that was only named can join two that were told."""

    def __init__(self) -> None:
        self._parent: dict[Node, Node] = {}

    def __contains__(self, node: Node) -> bool:
        return node in self._parent

    def find(self, node: Node) -> Node:
        parent = self._parent.setdefault(node, node)
        while parent != node:
            self._parent[node] = self._parent[parent]
            node, parent = parent, self._parent[parent]
        return node

    def join(self, one: Node, other: Node) -> None:
        self._parent[self.find(one)] = self.find(other)
