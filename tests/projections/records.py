"""What Stripe would answer at any second of a story, as snapshot records."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from api.simulator import API_VERSIONS, STORIES, Story, story
from api.simulator.shapes import render
from api.simulator.states import State
from api.simulator.versions import ApiVersion
from ledger import Snapshot
from tests.projections.histories import Json, Rows, without

# Since then an event shows all that the API answers; before, statuses of sessions were left out.
VERSIONS = tuple(version for version in API_VERSIONS if version >= "2020-08-27")

# Of a row, what counts its events and not what they say.
BOOKKEEPING = ("updated", "events", "position")

Object = tuple[str | None, bool, str, str]


def record(object: Json, at: int, version: str | None = API_VERSIONS[-1], **more: Any) -> Snapshot:
    """A record of an object as it is."""
    scope = {"account": None, "livemode": False, **more}
    return Snapshot(json.dumps(object).encode(), at, version, **scope)


@dataclass(frozen=True)
class Answers:
    """A story and what Stripe would have answered while it happened, in its own version."""

    story: Story
    version: str

    @classmethod
    @cache
    def of(cls, name: str, version: str, index: int = 0) -> Answers:
        """The answers to a story of one version."""
        return cls(story(name, index=index, api_version=version, keeps_states=True), version)

    def at(self, second: int) -> Iterator[Snapshot]:
        """All objects that an event was about by then, as they stood."""
        heard = self._heard()
        for history in self._states().values():
            past = [state for state in history if state.time <= second]
            # What was deleted is not answered.
            if not past or any(state.is_deleted for state in past):
                continue
            last = max(enumerate(past), key=lambda pair: (pair[1].time, pair[0]))[1]
            api = ApiVersion(self.version)
            answer = render(last.world_object, api, last.livemode)
            object = (last.account, last.livemode, answer["object"], answer["id"])
            if heard.get(object, second + 1) <= second:
                scope = {"account": last.account, "livemode": last.livemode}
                yield record(answer, second, self.version, **scope)

    def all(self) -> list[Snapshot]:
        """The answers within each second of the story, and one later."""
        seconds = {second + later for second in self.story.seconds() for later in (0, 1)}
        return [each for second in sorted(seconds) for each in self.at(second)]

    def _heard(self) -> dict[Object, int]:
        """When the first event about each object came."""
        heard: dict[Object, int] = {}
        for event in self.story.events:
            about = event["data"]["object"]
            account = event.get("account") or event.get("context")
            object = (account, event["livemode"], about["object"], about.get("id"))
            heard.setdefault(object, event["created"])
        return heard

    def _states(self) -> dict[tuple[Any, ...], list[State]]:
        """The states of each object, in the order in which the story made them.

        A capability is an object of its own in the simulator, which its account does not see.
        """
        states: dict[tuple[Any, ...], list[State]] = defaultdict(list)
        for state in self.story.states:
            world_object = state.world_object
            scope = (state.account, state.livemode)
            states[*scope, type(world_object).__name__, world_object.id].append(state)
        if any(name == "Capability" for _, _, name, _ in states):
            return {key: its for key, its in states.items() if key[2] != "Account"}
        return states


def content(rows: Rows) -> Rows:
    """Rows without what counts their events."""
    return {
        kind: {key: without(row, BOOKKEEPING) for key, row in its.items()}
        for kind, its in rows.items()
    }


def whole_stories(version: str = API_VERSIONS[-1]) -> Iterable[Answers]:
    """Every story, in one version."""
    return (Answers.of(name, version) for name in sorted(STORIES))
