"""Following: take a stretch of the log into one kind's tables, and only where it touches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from uuid import UUID

from ledger import Entry
from projections.declare import Kind
from projections.kind_store import KindStore
from projections.neighbourhood import clusters, edges, walk_from
from projections.order_of_events import canonical_order, needs_anchor
from projections.project import fold_objects
from projections.rows import make
from projections.sighting import Key, Sighting, sightings
from projections.state import State, fold, step

__all__ = ["Streams", "apply", "refold", "refresh"]

# Reads all rows of some streams of the log, up to the position that is being folded.
Streams = Callable[[Collection[UUID]], list[Entry]]


def apply(store: KindStore, told: Sequence[Sighting], streams: Streams) -> None:
    """Fold sightings, which the log has and the store has not, into states and rows."""
    kind = store.kind
    by_key: dict[Key, list[Sighting]] = defaultdict(list)
    for sighting in told:
        by_key[sighting.key].append(sighting)
    if not by_key:
        return
    before = store.states(key.uuid for key in by_key)
    states: dict[UUID, State] = {}
    behind: list[Key] = []
    for key, group in by_key.items():
        state = before.get(key.uuid)
        if state is None:
            states[key.uuid] = fold(group, kind.objects[key.object])
        elif _is_ahead(state, group, kind):
            for sighting in canonical_order(group, kind.objects[key.object]):
                step(state, sighting, kind.objects[key.object])
            states[key.uuid] = state
        else:
            behind.append(key)
    # Links first: a refold finds an object's carriers by them.
    store.save_links([edge for state in states.values() for edge in edges(kind, state)])
    store.save_links([edge for key in behind for edge in edges(kind, _linking(by_key[key]))])
    for state in refold(store, behind, streams):
        states[state.key.uuid] = state
    store.save_states(states)
    refresh(store, {stream: state.object for stream, state in states.items()})


def refresh(store: KindStore, touched: Mapping[UUID, str]) -> None:
    """Make the rows anew whose objects, or whose lenders, were touched."""
    reached = walk_from(store.kind, touched, store.touching)
    made = [
        one
        for cluster in clusters(store.kind, store.states(reached).values())
        for one in make(store.kind, cluster)
    ]
    store.replace_rows(store.row_keys(reached), made)


def refold(store: KindStore, keys: Collection[Key], streams: Streams) -> list[State]:
    """States of objects from the log itself: their own streams, and those that carried them."""
    if not keys:
        return []
    wanted = set(keys)
    places = {key.uuid for key in wanted}
    places |= _carriers(store, {key.uuid: key.object for key in wanted})
    told = (
        sighting
        for entry in streams(places)
        for sighting in sightings(entry, store.kind.objects)
        if sighting.key in wanted
    )
    return fold_objects(store.kind, told)


def _carriers(store: KindStore, objects: Mapping[UUID, str]) -> set[UUID]:
    """Streams whose events embed a snapshot of one of the objects, or of one that embeds it."""
    embedders = {
        (embed.object, thing.name)
        for thing in store.kind.objects.values()
        for embed in thing.embeds
    }
    found: set[UUID] = set()
    frontier = dict(objects)
    while frontier:
        carriers = {
            edge.source: edge.source_object
            for edge in store.touching(frontier)
            if edge.target in frontier and (edge.target_object, edge.source_object) in embedders
        }
        frontier = {key: name for key, name in carriers.items() if key not in found}
        found |= carriers.keys()
    return found


def _is_ahead(state: State, group: Sequence[Sighting], kind: Kind) -> bool:
    """Whether all is newer than every second the state has seen, and orders itself."""
    if min(sighting.created for sighting in group) <= state.second:
        return False
    return not needs_anchor(group, kind.objects[state.object])


def _linking(group: Sequence[Sighting]) -> State:
    """A state with nothing but the links that some sightings tell."""
    key = group[0].key
    state = State(key.object, key.id, key.scope.account, key.scope.livemode)
    for sighting in group:
        for to, ids in sighting.links.items():
            state.links.setdefault(to, []).extend(ids)
    return state
