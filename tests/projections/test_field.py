"""Stories from the field: what people were really sent, and what the ledger has to answer.

Those of the shared folder come from public reports; where it is absent, those beside this test do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from projections import KINDS, RowSelector
from projections.rows.project import project
from tests.projections.conftest import Opened
from tests.projections.histories import Json, Store, entries, shuffled, unique
from tests.projections.laws import DIALECTS

FOLDERS = (Path(__file__).with_name("field"), Path(__file__).parents[3] / "shared" / "field")

Arrange = Callable[[list[Json]], list[Json]]


def _shuffle(seed: int) -> Arrange:
    return lambda events: shuffled(events, seed)


ARRIVALS: Mapping[str, Arrange] = {
    "in order": list,
    "reversed": lambda events: events[::-1],
    **{f"shuffled {seed}": _shuffle(seed) for seed in range(3)},
}


@dataclass(frozen=True)
class Answer:
    """What has to be answered at a path: fields of a row, or the ids of a list."""

    kind: str
    id: str | None
    query: Mapping[str, str]
    fields: Json

    @property
    def as_of(self) -> int | None:
        """The moment it is asked about; None: now."""
        return int(self.query["as_of"]) if "as_of" in self.query else None


@dataclass(frozen=True)
class FieldStory:
    """A story of the field, in an account of its own."""

    name: str
    events: list[Json]
    answers: tuple[Answer, ...]

    @property
    def account(self) -> str:
        """The account that its events are of."""
        return str(self.events[0]["account"])

    @property
    def last(self) -> int:
        """When its last event was created."""
        return max(int(event["created"]) for event in self.events)


def read_story(path: Path) -> FieldStory:
    document = json.loads(path.read_text("utf-8"))
    # Stories meet in one ledger, and not all of them have ids of their own.
    account = f"acct_{path.stem.replace('-', '_')}"
    events = [{"account": account, **event} for event in document["events"]]
    return FieldStory(path.stem, events, tuple(map(_answer, document["expect"])))


def _answer(expected: Json) -> Answer:
    url = urlsplit(expected["path"])
    kind, _, id = url.path.removeprefix("/v1/").partition("/")
    return Answer(kind, id or None, dict(parse_qsl(url.query)), expected["fields"])


STORIES = [read_story(path) for folder in FOLDERS for path in sorted(folder.glob("*.json"))]


def matches(actual: Any, expected: Any) -> bool:
    """Whether an answer says what is expected; it may say more."""
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(
            name in actual and matches(actual[name], value) for name, value in expected.items()
        )
    if isinstance(expected, list) and any(isinstance(item, dict) for item in expected):
        if not isinstance(actual, list):
            return False
        if len(actual) == len(expected):
            return all(map(matches, actual, expected))
        return all(any(matches(item, wanted) for item in actual) for wanted in expected)
    return bool(actual == expected)


def wrong(story: FieldStory, answer: Answer, fields: Json) -> list[str]:
    """What a row or list says else than is expected."""
    return [
        f"{story.name}: {answer.kind}/{answer.id} {dict(answer.query)} {name}:"
        f" {fields.get(name)!r}, expected {value!r}"
        for name, value in answer.fields.items()
        if name not in fields or not matches(fields[name], value)
    ]


def pure(answer: Answer, events: Iterable[Json]) -> Json:
    """The row as the pure fold gives it."""
    log = [
        event for event in entries(events) if answer.as_of is None or event.created <= answer.as_of
    ]
    rows = (projected.row for projected in project(KINDS[answer.kind], log))
    return next((row for row in rows if row is not None and row["id"] == answer.id), {})


@pytest.mark.parametrize("arrival", ARRIVALS)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_story_is_answered(story: FieldStory, arrival: str) -> None:
    """However its events arrive, the fold of them says what is expected."""
    events = unique(ARRIVALS[arrival](story.events))
    rows = [answer for answer in story.answers if answer.id is not None]

    assert [line for each in rows for line in wrong(story, each, pure(each, events))] == []


def queried(store: Store, story: FieldStory, answer: Answer, as_of: int | None) -> Json:
    """What a ledger answers: the fields of a row, or the ids of a list."""
    if answer.id is None:
        items = store.items(answer.kind, account=story.account, **answer.query)
        return {"data": [item["id"] for item in items]}
    selector = RowSelector(account=story.account, as_of=as_of)
    return dict(store.projections.get(answer.kind, answer.id, selector).row)


def answered(store: Store) -> list[str]:
    """What a ledger answers else than is expected: now, and as of the end of each story."""
    return [
        line
        for story in STORIES
        for answer in story.answers
        for as_of in ({answer.as_of, answer.as_of or story.last})
        for line in wrong(story, answer, queried(store, story, answer, as_of))
    ]


@pytest.mark.parametrize("arrival", ARRIVALS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_ledger_answers_all_stories(opened: Opened, dialect: str, arrival: str) -> None:
    """Live, as of each story's end, and rebuilt; the stories' events come between each other's."""
    arranged = [ARRIVALS[arrival](story.events) for story in STORIES]
    sent = [event for index in range(max(map(len, arranged))) for event in each_at(arranged, index)]
    batch = Random(arrival).randint(1, 40)
    with opened(dialect) as store:
        store.append(sent)
        while store.advance(batch):
            pass

        assert answered(store) == []
        store.projections.rebuild()
        assert answered(store) == []


def each_at(arranged: list[list[Json]], index: int) -> list[Json]:
    """The event at an index of each story that is so long."""
    return [events[index] for events in arranged if index < len(events)]
