"""Which states belong together in a kind: partitioned into components by their links."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping

from projections.objects.observation import Key, Scope
from projections.objects.state import State
from projections.rows.aggregate import Component
from projections.rows.disjoint import DisjointSets
from projections.rows.kind import Kind

__all__ = ["components", "linked_keys", "object_keys"]

# Larger components are joined by disjoint sets.
_FEW = 6


def components(kind: Kind, states: Iterable[State]) -> list[Component]:
    """Partition states into components: what is linked through ``joins``, and what refers to it.

    What only refers may do so through others of its kind: an invoice, through its payment, to a
    PaymentIntent.
    """
    states = list(states)
    if _is_single(kind, states):
        return [Component(states[0].key.scope, states)]
    by_scope: dict[Scope, list[State]] = defaultdict(list)
    for state in states:
        by_scope[state.key.scope].append(state)
    return [
        Component(scope, part)
        for scope, group in by_scope.items()
        for part in _partition(kind, group)
    ]


def object_keys(objects: Container[str], states: Iterable[State]) -> dict[Key, None]:
    """The objects of a component, seen or only linked to; a dictionary, for its order.

    ``objects`` names those that are read: a link to any other is none.
    """
    keys: dict[Key, None] = {}
    for state in states:
        key = state.key
        keys[key] = None
        for to, ids in state.links.items():
            if to in objects:
                keys |= {Key(key.scope, to, id): None for id in ids}
    return keys


def linked_keys(objects: Container[str], states: Iterable[State], id: str) -> set[Key]:
    """Of a component, what is linked to the objects with an id by objects that are read."""
    sets, keys = DisjointSets[Key](), set[Key]()
    for state in states:
        if state.object in objects:
            linked = object_keys(objects, (state,))
            sets.join(linked)
            keys |= linked.keys()
    roots = {sets.find(key) for key in keys if key.id == id}
    return {key for key in keys if sets.find(key) in roots}


def _is_single(kind: Kind, states: list[State]) -> bool:
    """Whether they are plainly one component: few objects, each linked to one before it."""
    joins = kind.joins
    inner = [state for state in states if state.object in joins]
    if not inner and len(states) == 1:
        return states[0].object in kind.member_names
    if not 1 <= len(inner) <= _FEW:
        return False
    reached = inner[:1]
    for state in inner[1:]:
        if not any(_are_linked(earlier, state) for earlier in reached):
            return False
        reached.append(state)
    return len(inner) == len(states) or all(
        state.object in joins or any(_are_linked(member, state) for member in inner)
        for state in states
    )


def _are_linked(left: State, right: State) -> bool:
    if (left.account, left.livemode) != (right.account, right.livemode):
        return False
    return right.id in left.links.get(right.object, ()) or left.id in right.links.get(
        left.object, ()
    )


Node = tuple[str, str]


def _partition(kind: Kind, states: list[State]) -> list[list[State]]:
    sets = DisjointSets[Node]()
    referenced: list[State] = []
    references: dict[Node, set[Node]] = defaultdict(set)
    for state in states:
        node = (state.object, state.id)
        # Whatever joins nothing and is no root is only referred to.
        if state.object not in kind.joins and state.object != kind.root:
            referenced.append(state)
        else:
            sets.find(node)
        for to, ids in state.links.items():
            for id in ids:
                target = (to, id)
                if state.object in kind.joins and to in kind.joins:
                    sets.join((node, target))
                elif to in kind.objects:
                    references[target].add(node)
                    references[node].add(target)
    groups: dict[Node, list[State]] = defaultdict(list)
    joined = {(s.object, s.id) for s in states} - {(s.object, s.id) for s in referenced}
    for state in states:
        node = (state.object, state.id)
        if node in joined:
            groups[sets.find(node)].append(state)
    for state in referenced:
        reached = _reached((state.object, state.id), references, sets)
        roots = {sets.find(node) for node in reached if node in sets}
        for root in sorted(roots & groups.keys()):
            groups[root].append(state)
    return list(groups.values())


def _reached(
    start: Node, references: Mapping[Node, set[Node]], joined: DisjointSets[Node]
) -> set[Node]:
    """The nodes that are linked to one, directly or through objects that are only referred to."""
    reached, pending = {start}, [start]
    while pending:
        for node in references[pending.pop()] - reached:
            reached.add(node)
            if node not in joined:
                pending.append(node)
    return reached
