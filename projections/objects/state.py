"""The state of one object: its observations folded in canonical order, one step each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from projections.objects.declaration import StripeObject
from projections.objects.observation import Key, Observation, Scope
from projections.objects.ordering import canonical_order, finality, leaves_terminal

__all__ = ["EventStats", "State", "UnreadableEvent", "fold", "fold_in_order"]


class EventStats(msgspec.Struct, array_like=True):
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

    def plus(self, other: EventStats) -> EventStats:
        """The statistics of both sets of events."""
        if not self.count or not other.count:
            return self if self.count else other
        return EventStats(
            self.count + other.count,
            min(self.first, other.first),
            max(self.last, other.last),
            max(self.position, other.position),
        )


class UnreadableEvent(msgspec.Struct, array_like=True, frozen=True):
    """An event that could not be read, and why."""

    event: str
    position: int
    error: str


class State(msgspec.Struct, array_like=True):
    """All that is kept of one object: a pure function of the set of its observations.

    ``values`` come from the newest snapshot that has the key; ``links``, ``first_seen`` and
    ``merged`` only grow, ``first_known`` has what the earliest event that can tell said. Of a
    ``first_seen`` the second is None while only snapshot records showed it: when it became true
    no event said yet.
    ``second`` is the greatest `created` seen, ``snapshot`` the `created`, position, event and API
    version of the newest snapshot. ``direct`` counts events of the object, ``embedded``
    events of others that carried it.
    """

    object: str
    id: str
    account: str | None
    livemode: bool
    values: dict[str, Any] = {}
    links: dict[str, list[str]] = {}
    first_seen: dict[str, int | None] = {}
    merged: dict[str, dict[str, Any]] = {}
    finality: int = 0
    second: int = -1
    snapshot: tuple[int, int, str, str | None] | None = None
    direct: EventStats = msgspec.field(default_factory=EventStats)
    embedded: EventStats = msgspec.field(default_factory=EventStats)
    unreadable: list[UnreadableEvent] = []
    first_known: dict[str, Any] = {}

    @property
    def key(self) -> Key:
        """Which object it is the state of."""
        return Key(Scope(self.account, self.livemode), self.object, self.id)

    @property
    def events(self) -> EventStats:
        """All events that said something of the object."""
        return self.direct.plus(self.embedded)

    @property
    def is_known(self) -> bool:
        """Whether any snapshot of it could be read."""
        return self.snapshot is not None

    def copy(self) -> State:
        """A copy that ``fold`` can change without changing this state."""
        direct, embedded = self.direct, self.embedded
        return State(
            self.object, self.id, self.account, self.livemode,
            self.values.copy(),
            {to: ids.copy() for to, ids in self.links.items()},
            self.first_seen.copy(),
            {name: items.copy() for name, items in self.merged.items()},
            self.finality, self.second, self.snapshot,
            EventStats(direct.count, direct.first, direct.last, direct.position),
            EventStats(embedded.count, embedded.first, embedded.last, embedded.position),
            self.unreadable.copy(), self.first_known.copy(),
        )  # fmt: skip

    def trimmed(self, reads: Sequence[str] | None) -> State:
        """As much as a kind keeps: of an object it only refers to, the named reads and the links.

        ``reads`` is None for an object whose events are a row's own. The result may share parts
        with this state.
        """
        if reads is None:
            return self
        values = self.values
        return State(
            self.object, self.id, self.account, self.livemode,
            {name: values[name] for name in reads if name in values},
            self.links, {}, {}, self.finality, self.second, self.snapshot,
            self.direct, self.embedded, [],
        )  # fmt: skip


def fold(
    observations: Sequence[Observation],
    declared: StripeObject,
    *,
    base: State | None = None,
    anchor: Observation | None = None,
) -> State:
    """The state of an object from all its observations, in whatever order they come.

    With ``base``, the state before them, every observation must be newer than it; ``anchor`` is
    then its newest snapshot, where the order within a second needs that.
    """
    return fold_in_order(canonical_order(observations, declared, anchor), declared, base)


def fold_in_order(
    ordered: Sequence[Observation], declared: StripeObject, base: State | None
) -> State:
    """The state after observations that are in canonical order, and newer than ``base``."""
    if base is None:
        key = ordered[0].key
        state = State(key.object, key.id, key.scope.account, key.scope.livemode)
    else:
        state = base.copy()
    for observation in ordered:
        _step(state, observation, declared)
    return state


def _step(state: State, observation: Observation, declared: StripeObject) -> None:
    """Apply the next observation in canonical order."""
    if observation.error is not None:
        # Its links still say which row it belongs to.
        event = UnreadableEvent(observation.event_id, observation.position, observation.error)
        state.unreadable.append(event)
        _add_links(state, observation)
        return
    values = observation.values
    final = finality(observation, declared) if declared.terminal else 0
    if final >= state.finality or leaves_terminal(observation, state.values, declared):
        state.values.update(values)
        state.snapshot = (
            observation.created, observation.position, observation.event_id,
            observation.api_version,
        )  # fmt: skip
        state.finality = final
    else:
        # A late or stale snapshot never reopens a terminal status, but may add what is missing.
        for name, value in values.items():
            state.values.setdefault(name, value)
    if len(state.first_seen) < len(declared.first_seen) or None in state.first_seen.values():
        _see_first(state, observation, declared)
    for name, decide in declared.first_known.items():
        if name not in state.first_known and (value := decide(observation)) is not None:
            state.first_known[name] = value
    for name, items in observation.merged.items():
        state.merged.setdefault(name, {}).update(items)
    _add_links(state, observation)
    stats = state.embedded if observation.embedded else state.direct
    stats.add(observation.created, observation.position)


def _see_first(state: State, observation: Observation, declared: StripeObject) -> None:
    """Note what an observation is the first to show; canonical order makes it the earliest."""
    seen, merged = state.first_seen, observation.merged
    shown = {**observation.values, **merged} if merged else observation.values
    # The time at which Stripe was asked is not that at which it became true.
    second = None if observation.was_asked_for else observation.created
    for name, shows in declared.first_seen.items():
        if seen.get(name) is None and shows(shown, observation.type):
            seen[name] = second


def _add_links(state: State, observation: Observation) -> None:
    if observation.created > state.second:
        state.second = observation.created
    links = state.links
    for name, ids in observation.links.items():
        known = links.get(name)
        if known is None:
            links[name] = list(ids)
        elif known != ids:
            known += [id for id in ids if id not in known]
