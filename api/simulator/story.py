"""A story: events in the order they happened, and the rows that are right at every second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from api.simulator.context import StoryContext
from api.simulator.facts import EventFacts
from api.simulator.ids import Ids
from api.simulator.shapes import Json
from api.simulator.states import State
from api.simulator.stories import STORIES
from api.simulator.truth import Truth, truth
from api.simulator.truth.notifications import Rise, rises
from api.simulator.truth.orders import Orders
from api.simulator.truth.records import Records
from api.simulator.versions import API_VERSIONS
from api.simulator.world import Movement

START = 1_767_225_600
"""2026-01-01T00:00:00Z: when stories begin by default."""


@dataclass(frozen=True)
class Story:
    """The events that Stripe would send, and the rows that they imply."""

    name: str
    events: tuple[Json, ...]
    event_facts: tuple[EventFacts, ...]
    states: tuple[State, ...] = ()
    """The objects as they stood at each event; none unless the story was asked to keep them."""
    movements: tuple[Movement, ...] = ()
    """What moved the balances, of which events show but the disputes' transactions."""

    def truth(self, at: int | None = None) -> Truth:
        """Return the rows of every kind after all events, or after those created up to a second."""
        return truth([event for event in self.event_facts if at is None or event.created <= at])

    def notifications(self) -> list[Rise]:
        """Return what became true of which row, in the order in which it did."""
        return rises(self.event_facts)

    def order_containing(self, object_id: str) -> str | None:
        """Return the id of the order that a PaymentIntent, charge or session belongs to."""
        return Orders(Records(self.event_facts)).containing(object_id)

    def seconds(self) -> list[int]:
        """Return every second in which an event was created, oldest first."""
        return sorted({event.created for event in self.event_facts})


def story(
    name: str,
    *,
    seed: int = 0,
    index: int = 0,
    api_version: str | Sequence[str] | None = None,
    account: str | None = None,
    livemode: bool = False,
    start: int = START,
    keeps_states: bool = False,
) -> Story:
    """Run the story of that name.

    `api_version` is one for all events, or several to choose each event's from; by default the
    newest. The same arguments give the same story; another seed or index gives other ids.
    `keeps_states`: it has the objects' states too.
    """
    if api_version is None:
        versions: Sequence[str] = API_VERSIONS[-1:]
    else:
        versions = [api_version] if isinstance(api_version, str) else api_version
    tag = f"{seed}/{name}/{index}"
    context = StoryContext(tag, versions, account, livemode, start, keeps_states=keeps_states)
    STORIES[name](context)
    return Story(
        name,
        tuple(context.events),
        tuple(context.event_facts),
        tuple(context.states),
        tuple(context.movements),
    )


def histories(
    seed: int,
    count: int | None = None,
    *,
    api_versions: Sequence[str] = API_VERSIONS,
    start: int = START,
    spacing: int = 600,
    keeps_states: bool = False,
) -> Iterator[Story]:
    """Yield a mix of all stories, each equally often; endlessly where there is no `count`.

    Story n begins `spacing` seconds after story n−1. Its events have one API version, or, one
    time in eight, a random one each. Some stories are a connected account's, a few are live.
    """
    rng = Random(f"histories/{seed}")
    account = Ids(rng, lambda: start).new("acct")
    index = 0
    while True:
        names = list(STORIES)
        rng.shuffle(names)
        for name in names:
            if count is not None and index >= count:
                return
            is_mixed = rng.random() < 0.125
            yield story(
                name,
                seed=seed,
                index=index,
                api_version=api_versions if is_mixed else rng.choice(list(api_versions)),
                account=account if rng.random() < 0.2 else None,
                livemode=rng.random() < 0.1,
                start=start + index * spacing,
                keeps_states=keeps_states,
            )
            index += 1
