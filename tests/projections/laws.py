"""How long a law is tried, and the histories it is tried on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from api.simulator import API_VERSIONS, START, STORIES, Story, story
from ledger import Snapshot
from tests.projections.histories import Json

_THOROUGH = 20

DIALECTS = ("sqlite", "postgresql")


def law(examples: int) -> Callable[[Any], Any]:
    """Settings for a law: so many examples, or twenty times as many under ``thorough``."""
    thorough = settings.get_current_profile_name() == "thorough"
    return settings(
        max_examples=examples * (_THOROUGH if thorough else 1),
        deadline=None,
        # The same examples each time, so that a red run is this change's doing.
        derandomize=not thorough,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@dataclass(frozen=True)
class History:
    """Some stories at once, their events by second: what one endpoint is sent."""

    stories: tuple[Story, ...]

    @property
    def events(self) -> list[Json]:
        """All events, in the order in which they happened."""
        events = [event for each in self.stories for event in each.events]
        return sorted(events, key=lambda event: int(event["created"]))


def is_tight(name: str) -> bool:
    """Whether one object has two events in one second: what order there is, is hard won."""
    events = story(name).events
    moments = {(event["created"], event["data"]["object"].get("id")) for event in events}
    return len(moments) < len(events)


TIGHT = [name for name in sorted(STORIES) if is_tight(name)]


@st.composite
def a_history(draw: st.DrawFn, most: int = 4) -> History:
    """Stories in any versions, of two accounts and of none, live and test, side by side."""
    stories = []
    for index in range(draw(st.integers(1, most))):
        versions = st.one_of(st.sampled_from(API_VERSIONS), st.just(API_VERSIONS))
        stories.append(
            story(
                draw(st.sampled_from(TIGHT) | st.sampled_from(sorted(STORIES))),
                index=index,
                api_version=draw(versions),
                account=draw(st.sampled_from([None, None, "acct_one", "acct_two"])),
                livemode=draw(st.booleans()),
                start=START + draw(st.integers(0, 3)),
            )
        )
    return History(tuple(stories))


@dataclass(frozen=True)
class Step:
    """Some deliveries, and what the follower does after them."""

    sent: tuple[Json | Snapshot, ...]
    batch: int
    kinds: frozenset[str]
    restart: bool
    crash_at: int | None


@st.composite
def any_delivery(
    draw: st.DrawFn, events: Sequence[Json | Snapshot], kinds: list[str]
) -> list[Step]:
    """Events in any order, some again and again, read in any batches, with crashes anywhere."""
    again = draw(st.lists(st.sampled_from(events), max_size=len(events)))
    left = draw(st.permutations([*events, *again]))
    steps = []
    while left:
        size = draw(st.integers(1, 12))
        steps.append(
            Step(
                sent=tuple(left[:size]),
                batch=draw(st.integers(1, 9)),
                kinds=frozenset(draw(st.sets(st.sampled_from(kinds)))),
                restart=draw(st.booleans()),
                crash_at=draw(st.none() | st.integers(0, 150)),
            )
        )
        left = left[size:]
    return steps
