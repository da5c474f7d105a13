"""Folding again from the log what is linked to one id: it heals, whatever went wrong before."""

from __future__ import annotations

from ledger import Log
from projections.kind_store import KindStore
from projections.piece import Piece, members_of, piece
from projections.project import fold_objects
from projections.reading import sightings
from projections.sighting import Key

__all__ = ["refold"]


def refold(store: KindStore, log: Log, id: str, *, upto: int) -> bool:
    """Make the clusters with an id anew; False where nothing ever told of it or named it."""
    old = store.load(store.around(id))
    new: dict[int, Piece] = {}
    places: dict[Key, int] = {}
    for number, kept in old.items():
        members = members_of(store.kind, kept.states)
        places |= dict.fromkeys(members, number)
        told = (
            sighting
            for entry in log.streams({key.uuid for key in members}, upto=upto)
            for sighting in sightings(entry, store.kind.objects)
            if sighting.key in members
        )
        states = fold_objects(store.kind, told)
        new[number] = piece(store.kind, states, list(members_of(store.kind, states)))
    store.replace(old, places, new)
    return bool(old)
