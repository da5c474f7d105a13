"""Runs the demo against a running ledger: posts stories, waits, compares rows, prints a report."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from api.demo import report
from api.demo.asking import Command, ask
from api.demo.client import Client, ClientResponse, UnexpectedResponse
from api.demo.comparison import (
    Difference,
    differences,
    expected_notifications,
    notification_differences,
)
from api.demo.deliveries import deliveries
from api.demo.withheld import Withheld
from api.simulator import STORIES, Json, Row, Story, Truth, histories

PROGRESS_SECONDS = 1.0
CATCH_UP_SECONDS_MAX = 60.0
NOTIFIED_SECONDS_MAX = 30.0
UNEXPECTED_SHOWN_MAX = 5


@dataclass(frozen=True)
class DemoOptions:
    """What the demo posts, and to which ledger."""

    url: str
    secret: str
    api_key: str
    seed: int = 0
    rate: float = 0.0
    """Deliveries per second; 0: as fast as the ledger responds."""
    shuffle: int = 0
    """About how many deliveries may overtake an event; 0: all in order."""
    duplicate: float = 0.0
    """Percentage of the events that are delivered twice."""
    tamper: float = 0.0
    """Percentage of the events beside which an altered body is posted."""
    for_seconds: float | None = None
    """Begin no new story after that many seconds; None: until `stories` are posted."""
    stories: int | None = None
    """How many stories to post; None: each once, or endlessly with `for_seconds`."""
    withheld: Withheld | None = None
    """What is not delivered, and asked of a simulated Stripe; it has stories of its own."""
    command: Command | None = None
    """Runs a command of the ledger, where something is withheld."""
    key_shown: str = "$LEDGER_API_KEY"
    """The text for the API key in the commands that are printed."""
    write: Callable[[str], None] = print
    """Is called with each line of output."""


@dataclass
class _Progress:
    """The stories posted so far, and how often each result occurred."""

    started: float
    stories: list[Story] = field(default_factory=list)
    results: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    shown_at: float = 0.0

    def line(self, current_seconds: float) -> str:
        """Return one line of progress."""
        posted = self.results.total()
        results = ", ".join(f"{count} {result}" for result, count in sorted(self.results.items()))
        speed = posted / max(current_seconds - self.started, 0.001)
        latest = self.stories[-1].name if self.stories else "nothing yet"
        return f"  {posted:>6} posted ({results}) · {speed:,.0f}/s · {latest}"


def run(options: DemoOptions) -> int:
    """Run the whole demo; return 0 if every response and every row is as expected, else 1."""
    client = Client(options.url, secret=options.secret, api_key=options.api_key)
    try:
        return _run(options, client)
    except UnexpectedResponse as error:
        options.write(f"The ledger did not respond as expected: {error}")
        return 1
    finally:
        client.close()


def _run(options: DemoOptions, client: Client) -> int:
    write, withheld = options.write, options.withheld
    progress = _Progress(time.monotonic())
    was_empty = _head_position(client) == 0
    write(f"Posting stories to {options.url}, as Stripe would (seed {options.seed}):")
    _post_all(options, client, progress)
    write(progress.line(time.monotonic()))
    if withheld is not None and options.command is not None:
        # It takes a while, after which the ledger has closed a connection that was idle.
        client.close()
        write(ask(withheld.way, options.command))
    _wait_until_caught_up(client)
    blocks, count = _compared(options, client, progress.stories, only=was_empty)
    for block in blocks:
        write("")
        for line in block:
            write(line)
    write("")
    for line in progress.unexpected[:UNEXPECTED_SHOWN_MAX]:
        write(f"✗ {line}")
    if count or progress.unexpected:
        write(f"{count} differences, {len(progress.unexpected)} unexpected responses.")
        return 1
    has_heard_all = withheld is None or withheld.shows_all
    heard = ", and every notification is there once" if has_heard_all else ""
    row = "row that is compared" if withheld is not None and withheld.left_out() else "row"
    write(f"All right: {len(progress.stories)} stories, every {row} is right{heard}.")
    return 0


def _compared(
    options: DemoOptions, client: Client, stories: list[Story], *, only: bool
) -> tuple[list[list[str]], int]:
    """Compare rows and notifications; returns what to report, and how many differences."""
    withheld = options.withheld
    truth = _merged_truth(stories)
    rows = {kind: _rows_by_id(client, kind) for kind in truth}
    summary = client.list_page("/v1/summary", limit=100)["data"]
    blocks = [report.state(summary, rows)]
    comparable = (truth, rows) if withheld is None else withheld.comparable(truth, rows)
    misheard = list[Difference]()
    # Stripe lists more than these events told of, and not what became true in between.
    shows_all = withheld is None or withheld.shows_all
    wrong = differences(*comparable, only=only and shows_all)
    blocks.append(report.verdict(comparable[0], wrong))
    if shows_all:
        known = stories if withheld is None else withheld.known_stories()
        is_known = withheld.is_known if withheld is not None else lambda notification: True
        expected = expected_notifications(known)
        misheard = _notification_differences(client, known, expected, is_known, only=only)
        blocks.append(report.verdict_of_notifications(expected, misheard))
    if withheld is not None:
        blocks.append(withheld.left_out())
    blocks.append(report.where_to_look(options.url, options.key_shown, truth))
    return [block for block in blocks if block], len(wrong) + len(misheard)


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
            due = progress.started + number / options.rate
            time.sleep(max(0.0, due - time.monotonic()))
        response = client.deliver(delivery.body, signed=delivery.signed)
        is_forged = delivery.signed is not None
        progress.results[_result(response, is_forged, progress.unexpected)] += 1
        current_seconds = time.monotonic()
        if current_seconds - progress.shown_at >= PROGRESS_SECONDS:
            options.write(progress.line(current_seconds))
            progress.shown_at = current_seconds


def _events(options: DemoOptions, progress: _Progress) -> Iterator[Json]:
    count = options.stories
    if count is None and options.for_seconds is None:
        count = len(STORIES)
    withheld = options.withheld
    for story in histories(options.seed, count) if withheld is None else withheld.stories:
        elapsed_seconds = time.monotonic() - progress.started
        if options.for_seconds is not None and elapsed_seconds >= options.for_seconds:
            return
        progress.stories.append(story)
        yield from story.events if withheld is None else withheld.delivered(story)


def _result(response: ClientResponse, is_forged: bool, unexpected: list[str]) -> str:
    """Return the result of a delivery in a word; add to `unexpected` what should not happen."""
    result = str(response.body.get("status") if response.status == 200 else response.status)
    if is_forged and response.status == 400:
        return "forged and refused"
    if is_forged or result not in ("stored", "duplicate"):
        event = "a forged event" if is_forged else "an event"
        unexpected.append(f"{event} got {result}: {response.body.get('title', result)}")
    return result


def _wait_until_caught_up(client: Client) -> None:
    deadline = time.monotonic() + CATCH_UP_SECONDS_MAX
    while time.monotonic() < deadline:
        if _lag_events(client) == 0:
            return
        time.sleep(0.1)
    raise UnexpectedResponse(f"the projections still lag after {CATCH_UP_SECONDS_MAX:.0f} s")


def _notification_differences(
    client: Client,
    stories: list[Story],
    expected: Counter[tuple[str, str]],
    is_known: Callable[[Json], bool],
    *,
    only: bool,
) -> list[Difference]:
    """Return where the notifications differ; they come a moment after the rows."""
    deadline = time.monotonic() + NOTIFIED_SECONDS_MAX
    while True:
        notifications = filter(is_known, client.rows("/v1/notifications"))
        wrong = notification_differences(stories, expected, notifications, only=only)
        if not wrong or time.monotonic() > deadline:
            return wrong
        time.sleep(0.5)


def _lag_events(client: Client) -> int:
    """Return how many events the projection that lags most has not read yet."""
    projections = client.list_page("/v1/projections", limit=100)["data"]
    return max((int(projection["lag_events"]) for projection in projections), default=0)


def _head_position(client: Client) -> int:
    """Return the position of the log's newest event, 0 for an empty log."""
    projections = client.list_page("/v1/projections", limit=100)["data"]
    positions = (
        int(projection["position"] or 0) + int(projection["lag_events"])
        for projection in projections
    )
    return max(positions, default=0)


def _rows_by_id(client: Client, kind: str) -> dict[str, Row]:
    return {row["id"]: row for row in client.rows(f"/v1/{kind}")}


def _merged_truth(stories: list[Story]) -> Truth:
    """Return the rows of all stories together; no two stories have an id in common."""
    merged: Truth = {}
    for story in stories:
        for kind, rows in story.truth().items():
            merged.setdefault(kind, {}).update(rows)
    return merged
