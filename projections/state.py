"""The state of one object: its sightings folded in canonical order, one step each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from projections.declare import StripeObject
from projections.order_of_events import absorption, canonical_order
from projections.sighting import Key, Scope, Sighting

__all__ = ["State", "Tally", "Unread", "fold", "lent", "new_state", "step"]


class Tally(msgspec.Struct, array_like=True):
    """How many events, their least and greatest `created`, and the highest position."""

    count: int = 0
    first: int = 0
    last: int = 0
    position: int = 0

    def add(self, created: int, position: int) -> None:
        """Count one event, which is no older than those before it."""
        if not self.count:
            self.first = created
        self.count += 1
        self.last = created
        if position > self.position:
            self.position = position

    def plus(self, other: Tally) -> Tally:
        """Both together."""
        if not self.count or not other.count:
            return self if self.count else other
        return Tally(
            self.count + other.count,
            min(self.first, other.first),
            max(self.last, other.last),
            max(self.position, other.position),
        )


class Unread(msgspec.Struct, array_like=True, frozen=True):
    """An event that could not be read, and why."""

    event: str
    position: int
    error: str


class State(msgspec.Struct, array_like=True):
    """All that is kept of one object; a pure function of the set of its sightings.

    ``values`` come from the newest snapshot that has the key; ``links``, ``once`` and ``united``
    only grow. ``second`` is the greatest `created` seen, ``snapshot`` the `created`, position
    and event of the newest snapshot. ``direct`` counts events of the object, ``embedded`` events
    of others that carried it.
    """

    object: str
    id: str
    account: str | None
    livemode: bool
    values: dict[str, Any] = {}
    links: dict[str, list[str]] = {}
    once: dict[str, int] = {}
    united: dict[str, dict[str, Any]] = {}
    absorbed: int = 0
    second: int = -1
    snapshot: tuple[int, int, str] | None = None
    direct: Tally = msgspec.field(default_factory=Tally)
    embedded: Tally = msgspec.field(default_factory=Tally)
    unread: list[Unread] = []

    @property
    def key(self) -> Key:
        """Which object it is the state of."""
        return Key(Scope(self.account, self.livemode), self.object, self.id)

    @property
    def tally(self) -> Tally:
        """All events that told of the object."""
        return self.direct.plus(self.embedded)

    @property
    def is_known(self) -> bool:
        """Whether any snapshot of it could be read."""
        return self.snapshot is not None


def new_state(key: Key) -> State:
    """The state before any sighting."""
    return State(key.object, key.id, key.scope.account, key.scope.livemode)


def lent(state: State, reads: Sequence[str] | None) -> State:
    """As much of a state as a kind keeps: of a lender what it reads of it, and the links.

    ``reads`` are None for an object of the kind's own. What is kept may share parts with the
    state, which stays as it is.
    """
    if reads is None:
        return state
    values = state.values
    return State(
        state.object, state.id, state.account, state.livemode,
        {name: values[name] for name in reads if name in values},
        state.links, {}, {}, state.absorbed, state.second, state.snapshot,
        state.direct, state.embedded, [],
    )  # fmt: skip


def fold(sightings: Sequence[Sighting], thing: StripeObject) -> State:
    """The state of an object from all its sightings, in whatever order they come."""
    state = new_state(sightings[0].key)
    for sighting in canonical_order(sightings, thing):
        step(state, sighting, thing)
    return state


def step(state: State, sighting: Sighting, thing: StripeObject) -> None:
    """Take in the next sighting in canonical order."""
    if sighting.error is not None:
        _set_aside(state, sighting)
        return
    values = sighting.values
    absorbed = absorption(sighting, thing) if thing.absorbing else 0
    if absorbed >= state.absorbed:
        state.values.update(values)
        state.snapshot = (sighting.created, sighting.position, sighting.event_id)
        state.absorbed = absorbed
    else:
        # A late or stale snapshot never resurrects; but what nobody told before, it may tell.
        for name, value in values.items():
            state.values.setdefault(name, value)
    if len(state.once) < len(thing.once):
        told = {**values, **sighting.united} if sighting.united else values
        for name, shows in thing.once.items():
            # What was shown once was shown no later than now: canonical order is by second.
            if name not in state.once and shows(told, sighting.type):
                state.once[name] = sighting.created
    for name, items in sighting.united.items():
        state.united.setdefault(name, {}).update(items)
    _join(state, sighting)
    (state.embedded if sighting.embedded else state.direct).add(sighting.created, sighting.position)


def _set_aside(state: State, sighting: Sighting) -> None:
    """Keep note of an event that could not be read; its links still say which row it hurts."""
    assert sighting.error is not None
    state.unread.append(Unread(sighting.event_id, sighting.position, sighting.error))
    _join(state, sighting)


def _join(state: State, sighting: Sighting) -> None:
    if sighting.created > state.second:
        state.second = sighting.created
    links = state.links
    for name, ids in sighting.links.items():
        told = links.get(name)
        if told is None:
            links[name] = list(ids)
        elif told != ids:
            told += [id for id in ids if id not in told]
