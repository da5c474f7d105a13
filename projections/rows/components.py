"""Which objects belong together in a kind, and which of them only lend."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from projections.objects.observation import Scope
from projections.objects.state import State
from projections.rows.aggregate import Component
from projections.rows.kind import Kind

__all__ = ["clusters"]

# More are joined by sets.
_FEW = 6


def clusters(kind: Kind, states: Iterable[State]) -> list[Component]:
    """Part states into clusters: what is linked through ``through``, with its lenders."""
    states = list(states)
    if _is_one(kind, states):
        return [Component(states[0].key.scope, states)]
    by_scope: dict[Scope, list[State]] = defaultdict(list)
    for state in states:
        by_scope[state.key.scope].append(state)
    return [
        Component(scope, group)
        for scope, members in by_scope.items()
        for group in _parts(kind, members)
    ]


def _is_one(kind: Kind, states: list[State]) -> bool:
    """Whether they are one cluster at a glance: few objects, each linked to one before it."""
    through = kind.joins
    inner = [state for state in states if state.object in through]
    if not inner and len(states) == 1:
        return states[0].object in kind.owned
    if not 1 <= len(inner) <= _FEW:
        return False
    known = inner[:1]
    for state in inner[1:]:
        if not any(_are_linked(one, state) for one in known):
            return False
        known.append(state)
    return len(inner) == len(states) or all(
        state.object in through or any(_are_linked(one, state) for one in inner) for state in states
    )


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
        if state.object not in kind.joins and state.object != kind.owns[0].name:
            lenders.append(state)
        else:
            joined.find(node)
        for to, ids in state.links.items():
            for id in ids:
                other = (to, id)
                if state.object in kind.joins and to in kind.joins:
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
