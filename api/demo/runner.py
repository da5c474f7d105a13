"""Runs the demo against a ledger that is up: posts stories, waits, compares, says where to look."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from api.demo import report
from api.demo.client import Answer, Client, UnexpectedAnswer
from api.demo.comparison import differences
from api.demo.deliveries import deliveries
from api.simulator.shapes import Json
from api.simulator.stories import STORIES
from api.simulator.story import Story, histories
from api.simulator.truth import Row, Truth

PROGRESS_SECONDS = 1.0
CATCH_UP_SECONDS = 60.0
UNEXPECTED_SHOWN = 5


@dataclass(frozen=True)
class DemoOptions:
    """What to show, and to whom."""

    url: str
    secret: str
    api_key: str
    seed: int = 0
    rate: float = 0.0
    """Deliveries a second; 0: as fast as they are answered."""
    shuffle: int = 0
    """How many deliveries an event may be overtaken by, about; 0: in order."""
    duplicate: float = 0.0
    """Percent of the events that are posted twice."""
    tamper: float = 0.0
    """Percent of the events beside which an altered body is posted."""
    for_seconds: float | None = None
    """Begins no new story after that long; None: until `stories` are told."""
    stories: int | None = None
    """How many stories; None: each once, or endlessly with `for_seconds`."""
    key_shown: str = "$LEDGER_API_KEY"
    """What stands for the API key in the commands that are printed."""
    write: Callable[[str], None] = print
    """Takes each line."""


@dataclass
class _Progress:
    """What was posted and answered so far."""

    began: float
    told: list[Story] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    shown_at: float = 0.0

    def line(self, now: float) -> str:
        """One line of progress."""
        posted = self.answers.total()
        said = ", ".join(f"{n} {answer}" for answer, n in sorted(self.answers.items()))
        speed = posted / max(now - self.began, 0.001)
        latest = self.told[-1].name if self.told else "nothing yet"
        return f"  {posted:>6} posted ({said}) · {speed:,.0f}/s · {latest}"


def run(options: DemoOptions) -> int:
    """The whole demo; 0 if every answer and every row was as it should be, else 1."""
    client = Client(options.url, secret=options.secret, api_key=options.api_key)
    try:
        return _run(options, client)
    except UnexpectedAnswer as error:
        options.write(f"The ledger did not answer as it should: {error}")
        return 1
    finally:
        client.close()


def _run(options: DemoOptions, client: Client) -> int:
    write = options.write
    progress = _Progress(time.monotonic())
    fresh = _behind(client)[1] == 0
    write(f"Posting stories to {options.url}, as Stripe would (seed {options.seed}):")
    _post_all(options, client, progress)
    write(progress.line(time.monotonic()))
    _wait_until_caught_up(client)
    truth = _whole(progress.told)
    rows = {kind: _by_id(client, kind) for kind in truth}
    wrong = differences(truth, rows, only=fresh)
    summary = _ask(client, "/v1/summary?limit=100")
    for block in (
        report.state(summary, rows),
        report.verdict(truth, wrong),
        report.where_to_look(options.url, options.key_shown, truth),
    ):
        write("")
        for line in block:
            write(line)
    write("")
    for line in progress.unexpected[:UNEXPECTED_SHOWN]:
        write(f"✗ {line}")
    if wrong or progress.unexpected:
        write(f"{len(wrong)} differences, {len(progress.unexpected)} unexpected answers.")
        return 1
    write(f"All right: {len(progress.told)} stories, every row is what really happened.")
    return 0


def _post_all(options: DemoOptions, client: Client, progress: _Progress) -> None:
    posts = deliveries(
        _events(options, progress),
        seed=options.seed,
        shuffle=options.shuffle,
        duplicate=options.duplicate,
        tamper=options.tamper,
    )
    for number, delivery in enumerate(posts):
        if options.rate:
            due = progress.began + number / options.rate
            time.sleep(max(0.0, due - time.monotonic()))
        answer = client.deliver(delivery.body, signed=delivery.signed)
        forged = delivery.signed is not None
        progress.answers[_heard(answer, forged, progress.unexpected)] += 1
        now = time.monotonic()
        if now - progress.shown_at >= PROGRESS_SECONDS:
            options.write(progress.line(now))
            progress.shown_at = now


def _events(options: DemoOptions, progress: _Progress) -> Iterator[Json]:
    count = options.stories
    if count is None and options.for_seconds is None:
        count = len(STORIES)
    for story in histories(options.seed, count):
        late = time.monotonic() - progress.began
        if options.for_seconds is not None and late >= options.for_seconds:
            return
        progress.told.append(story)
        yield from story.events


def _heard(answer: Answer, forged: bool, unexpected: list[str]) -> str:
    """The answer in a word; what should not have been said is noted."""
    said = str(answer.body.get("status")) if answer.status == 200 else str(answer.status)
    if forged and answer.status == 400:
        return "forged and refused"
    if forged or said not in ("stored", "duplicate"):
        title = answer.body.get("title", said)
        unexpected.append(f"{'a forged' if forged else 'an'} event was answered {said}: {title}")
    return said


def _wait_until_caught_up(client: Client) -> None:
    deadline = time.monotonic() + CATCH_UP_SECONDS
    while time.monotonic() < deadline:
        if _behind(client)[0] == 0:
            return
        time.sleep(0.1)
    raise UnexpectedAnswer(f"the projections are still behind after {CATCH_UP_SECONDS:.0f} s")


def _behind(client: Client) -> tuple[int, int]:
    """How many events the slowest projection lacks, and how far the furthest has read."""
    states = _ask(client, "/v1/projections")
    lag = max((int(state["lag_events"]) for state in states), default=0)
    return lag, lag + max((int(state["position"] or 0) for state in states), default=0)


def _ask(client: Client, path: str) -> list[dict[str, Any]]:
    """The items of a list that has one page."""
    answer = client.get(path)
    if answer.status != 200:
        raise UnexpectedAnswer(f"GET {path}: {answer.status} {answer.body.get('title')}")
    items: list[dict[str, Any]] = answer.body["data"]
    return items


def _by_id(client: Client, kind: str) -> dict[str, Row]:
    return {row["id"]: row for row in client.rows(f"/v1/{kind}")}


def _whole(stories: list[Story]) -> Truth:
    """The rows of all stories together; none has an id of another's."""
    whole: Truth = {}
    for story in stories:
        for kind, rows in story.truth().items():
            whole.setdefault(kind, {}).update(rows)
    return whole
