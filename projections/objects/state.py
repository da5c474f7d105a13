"""The state of one object: its observations folded in canonical order, one step each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from projections.objects.declaration import StripeObject
from projections.objects.observation import Key, Observation, Scope
from projections.objects.ordering import canonical_order, finality

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
    """All that is kept of one object; a pure function of the set of its observations.

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
    first_seen: dict[str, int] = {}
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
    """The state before any observation."""
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


def fold(observations: Sequence[Observation], thing: StripeObject) -> State:
    """The state of an object from all its observations, in whatever order they come."""
    state = new_state(observations[0].key)
    for observation in canonical_order(observations, thing):
        step(state, observation, thing)
    return state


def step(state: State, observation: Observation, thing: StripeObject) -> None:
    """Take in the next observation in canonical order."""
    if observation.error is not None:
        _set_aside(state, observation)
        return
    values = observation.values
    absorbed = finality(observation, thing) if thing.terminal else 0
    if absorbed >= state.absorbed:
        state.values.update(values)
        state.snapshot = (observation.created, observation.position, observation.event_id)
        state.absorbed = absorbed
    else:
        # A late or stale snapshot never resurrects; but what nobody told before, it may tell.
        for name, value in values.items():
            state.values.setdefault(name, value)
    if len(state.first_seen) < len(thing.first_seen):
        told = {**values, **observation.united} if observation.united else values
        for name, shows in thing.first_seen.items():
            # What was shown once was shown no later than now: canonical order is by second.
            if name not in state.first_seen and shows(told, observation.type):
                state.first_seen[name] = observation.created
    for name, items in observation.united.items():
        state.united.setdefault(name, {}).update(items)
    _join(state, observation)
    (state.embedded if observation.embedded else state.direct).add(
        observation.created, observation.position
    )


def _set_aside(state: State, observation: Observation) -> None:
    """Keep note of an event that could not be read; its links still say which row it hurts."""
    assert observation.error is not None
    state.unread.append(Unread(observation.event_id, observation.position, observation.error))
    _join(state, observation)


def _join(state: State, observation: Observation) -> None:
    if observation.created > state.second:
        state.second = observation.created
    links = state.links
    for name, ids in observation.links.items():
        told = links.get(name)
        if told is None:
            links[name] = list(ids)
        elif told != ids:
            told += [id for id in ids if id not in told]
