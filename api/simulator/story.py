"""A story: events in the order they happened, and the rows they make at every second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from api.simulator.context import StoryContext
from api.simulator.facts import Telling
from api.simulator.ids import Ids
from api.simulator.shapes import Json
from api.simulator.stories import STORIES
from api.simulator.truth import Truth, truth
from api.simulator.versions import API_VERSIONS

START = 1_767_225_600
"""2026-01-01T00:00:00Z: when stories begin that are not told when to."""


@dataclass(frozen=True)
class Story:
    """What Stripe would have sent, and what is true because of it."""

    name: str
    events: tuple[Json, ...]
    tellings: tuple[Telling, ...]

    def truth(self, at: int | None = None) -> Truth:
        """The rows of every kind, after the events created up to that second; None: after all."""
        return truth([t for t in self.tellings if at is None or t.created <= at])

    def seconds(self) -> list[int]:
        """Every second in which something happened, oldest first."""
        return sorted({telling.created for telling in self.tellings})


def story(
    name: str,
    *,
    seed: int = 0,
    index: int = 0,
    api_version: str | Sequence[str] | None = None,
    account: str | None = None,
    livemode: bool = False,
    start: int = START,
) -> Story:
    """The story of that name.

    `api_version`: one for all events, or several to draw each event's from; None is the newest.
    The same arguments give the same story; another seed or index gives other ids throughout.
    """
    if api_version is None:
        versions: Sequence[str] = API_VERSIONS[-1:]
    else:
        versions = [api_version] if isinstance(api_version, str) else api_version
    context = StoryContext(f"{seed}/{name}/{index}", versions, account, livemode, start)
    STORIES[name](context)
    return Story(name, tuple(context.events), tuple(context.tellings))


def histories(
    seed: int,
    count: int | None = None,
    *,
    api_versions: Sequence[str] = API_VERSIONS,
    start: int = START,
    spacing: int = 600,
) -> Iterator[Story]:
    """A mix of all stories, each as often as the others; endless where no count is given.

    Story n begins `spacing` seconds after story n−1 and is told in one API version, or, one time
    in eight, in all of them by turns. Some are a connected account's, a few are live.
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
            mixed = rng.random() < 0.125
            yield story(
                name,
                seed=seed,
                index=index,
                api_version=api_versions if mixed else rng.choice(list(api_versions)),
                account=account if rng.random() < 0.2 else None,
                livemode=rng.random() < 0.1,
                start=start + index * spacing,
            )
            index += 1
