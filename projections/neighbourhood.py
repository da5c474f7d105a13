"""Which objects belong together in a kind, and which of them only lend."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from projections.declare import Kind
from projections.sighting import Scope
from projections.state import State
from projections.subject import Cluster

__all__ = ["clusters"]


def clusters(kind: Kind, states: Iterable[State]) -> list[Cluster]:
    """Part states into clusters: what is linked through ``through``, with its lenders."""
    states = list(states)
    if _is_one(kind, states):
        return [Cluster(states[0].key.scope, states)]
    by_scope: dict[Scope, list[State]] = defaultdict(list)
    for state in states:
        by_scope[state.key.scope].append(state)
    return [
        Cluster(scope, group)
        for scope, members in by_scope.items()
        for group in _parts(kind, members)
    ]


def _is_one(kind: Kind, states: list[State]) -> bool:
    """Whether they are one cluster at a glance: one object, and what links to it at once."""
    inner = [state for state in states if state.object in kind.through]
    if not inner and len(states) == 1:
        return states[0].object in kind.owned
    if len(inner) != 1:
        return False
    return all(state is inner[0] or _are_linked(inner[0], state) for state in states)


def _are_linked(one: State, other: State) -> bool:
    if (one.account, one.livemode) != (other.account, other.livemode):
        return False
    return other.id in one.links.get(other.object, ()) or one.id in other.links.get(one.object, ())


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
