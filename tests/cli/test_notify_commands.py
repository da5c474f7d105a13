"""`ledger subscribers` and `ledger notifications`, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, update
from standardwebhooks import Webhook

from api.config.databases import existing_notify
from api.config.settings import Settings
from api.notify.deliveries import Due
from api.notify.tables import DELIVERIES, SUBSCRIBERS
from ledger.database import write_transaction
from projections import notification_types
from projections.feed.catalog import feed_catalog
from tests.cli.terminal import Terminal
from tests.databases import on_sqlite
from tests.notify.receiver import answer, receiving

URL = "https://shop.example/in"


def add(terminal: Terminal, *options: str) -> str:
    """Add a subscriber of orders; returns its id."""
    types = () if "--types" in options else ("--types", "order.*")
    id: str = terminal.read("subscribers", "add", URL, *types, *options)["id"]
    return id


def test_a_new_subscriber_begins_now(terminal: Terminal) -> None:
    """Its secret is printed alone, so that a script can take it, and never again."""
    head = terminal.read("status")["log"]["position"]
    result = terminal.run("subscribers", "add", URL, "--types", "order.*, dispute.lost")
    [row] = terminal.read("subscribers", "list")

    assert result.exit_code == 0 and result.stdout.startswith("whsec_")
    assert row["types"] == ["order.*", "dispute.lost"] and row["target"] == URL
    assert row["position"] == row["begins_at"] == head
    listed = terminal.ok("subscribers", "list")
    assert row["id"] in listed and "whsec" not in listed


def test_from_a_position(terminal: Terminal) -> None:
    """Behind the head there is nothing to begin at."""
    add(terminal, "--from", "1", "--name", "queue", "--history")
    [row] = terminal.read("subscribers", "list")

    assert (row["position"], row["name"], row["history"]) == (1, "queue", True)
    assert terminal.run("subscribers", "add", URL, "--types", "*", "--from", "999").exit_code == 1
    assert terminal.run("subscribers", "add", URL, "--types", "*", "--from", "-1").exit_code == 2


def test_the_beginning_wants_a_yes(terminal: Terminal) -> None:
    """How many it would be sent is said first; imported ones only to who asks for history."""
    refused = terminal.run(
        "subscribers", "add", URL, "--types", "order.*", "--from", "beginning", "--history"
    )

    assert refused.exit_code == 2
    terminal.ok("rebuild", "notifications")
    count = len(terminal.read("notifications", "list", "--type", "order.*"))
    assert count > 2 and f"would be sent {count} notifications" in refused.stderr
    without = terminal.run("subscribers", "add", URL, "--types", "order.*", "--from", "beginning")
    assert "would be sent 0 notifications" in without.stderr
    assert terminal.read("subscribers", "list") == []
    add(terminal, "--from", "beginning", "--yes")
    assert terminal.read("subscribers", "list")[0]["position"] == 0


@pytest.mark.parametrize(
    ("url", "types", "hint"),
    [
        (URL, "order.payd", "order.paid"),
        (URL, "", "at least one"),
        ("http://169.254.169.254/", "*", "not allowed"),
        ("shop.example", "*", "http"),
    ],
)
def test_what_cannot_be_is_refused(
    shared_terminal: Terminal, url: str, types: str, hint: str
) -> None:
    """With one clear line, and nothing is added."""
    result = shared_terminal.run("subscribers", "add", url, "--types", types)

    assert result.exit_code == 1 and hint in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_pausing_rotating_and_removing(terminal: Terminal) -> None:
    """Each by its id; an unknown one is an error."""
    id = add(terminal)

    def state() -> str:
        return str(terminal.read("subscribers", "list")[0]["state"])

    terminal.ok("subscribers", "pause", id)
    assert state() == "paused"
    terminal.ok("subscribers", "resume", id)
    assert state() == "active"
    secret = terminal.read("subscribers", "rotate", id)["secret"]
    with existing_notify(settings(terminal)) as (_, notify):
        assert notify.subscribers.secrets(id)[0] == secret
        assert len(notify.subscribers.secrets(id)) == 2
    terminal.ok("subscribers", "remove", id)
    assert terminal.read("subscribers", "list") == []
    for command in ("pause", "resume", "rotate", "remove"):
        result = terminal.run("subscribers", command, id)
        assert result.exit_code == 1 and id in result.stderr


def settings(terminal: Terminal) -> Settings:
    return Settings.read({"LEDGER_DATABASE_URL": terminal.url})


def test_types(shared_terminal: Terminal) -> None:
    """All that are declared, with their meaning."""
    rows = shared_terminal.read("subscribers", "types")

    assert {row["type"]: row["meaning"] for row in rows} == {
        type: condition.about for type, condition in notification_types().items()
    }


def test_notifications_are_listed(terminal: Terminal) -> None:
    """Newest first, by type and by row."""
    terminal.ok("rebuild", "notifications")
    rows = terminal.read("notifications", "list")
    paid = terminal.read("notifications", "list", "--type", "order.paid")

    assert rows == sorted(rows, key=lambda row: row["position"], reverse=True)
    assert [row["type"] for row in paid] == ["order.paid"]
    assert paid[0]["history"] is True and paid[0] in rows
    of_row = terminal.read("notifications", "list", "--object-id", paid[0]["object_id"])
    assert {row["object_id"] for row in of_row} == {paid[0]["object_id"]}
    assert paid[0]["id"] in terminal.ok("notifications", "list", "--limit", "100")
    assert terminal.run("notifications", "list", "--type", "order.payd").exit_code == 1


def test_retry(terminal: Terminal) -> None:
    """One of them, or all that were given up; what was delivered stays so."""
    terminal.ok("rebuild", "notifications")
    ids = [row["id"] for row in terminal.read("notifications", "list")][:3]
    subscriber = add(terminal)
    with existing_notify(settings(terminal)) as (_, notify):
        due = [Due(id, "order.paid", 1, place, b"r", b"{}") for place, id in enumerate(ids)]
        notify.deliveries.add(subscriber, due)
        with write_transaction(notify.feed.engine) as connection:
            ended = update(DELIVERIES).values(due_at=None)
            connection.execute(ended.values(state="given_up"))
            is_last = DELIVERIES.c.notification == ids[2]
            connection.execute(ended.where(is_last).values(state="delivered"))

    assert terminal.read("notifications", "retry", ids[0]) == {"deliveries": 1}
    assert terminal.read("notifications", "retry", "--given-up") == {"deliveries": 1}
    assert terminal.read("notifications", "retry", "--given-up") == {"deliveries": 0}
    assert terminal.run("notifications", "retry", ids[2]).exit_code == 1
    unknown = terminal.run("notifications", "retry", "ntf_unknown")
    assert unknown.exit_code == 1 and "no notification ntf_unknown" in unknown.stderr
    assert terminal.run("notifications", "retry").exit_code == 2
    assert terminal.run("notifications", "retry", ids[0], "--given-up").exit_code == 2


def test_the_check_finds_what_is_missing(terminal: Terminal) -> None:
    """And a rebuild mends it."""
    terminal.ok("rebuild", "notifications")
    assert terminal.ok("notifications", "check").strip().endswith("no difference")
    with existing_notify(settings(terminal)) as (ledger, notify):
        catalog = feed_catalog(notify.feed.engine, notify.feed.reading, ledger.log)
        with write_transaction(notify.feed.engine) as connection:
            feed = catalog.own(connection)
            assert feed is not None
            table = catalog.tables(feed.name).notifications
            connection.execute(delete(table).where(table.c.type == "order.paid"))
    result = terminal.run("notifications", "check")

    assert result.exit_code == 1
    assert "missing" in result.stdout and "order.paid" in result.stdout
    terminal.ok("rebuild", "notifications")
    terminal.ok("notifications", "check")
    for options in (["orders"], ["--check"], ["--rows-only"], ["--since", "1"]):
        assert terminal.run("rebuild", "notifications", *options).exit_code == 2


def test_status_shows_the_feed_and_the_subscribers(terminal: Terminal) -> None:
    """How far each has come, what waits longest, and what was given up."""
    status = terminal.read("status")
    head = status["log"]["position"]
    assert status["notifications"] == {"position": 0, "lag_events": head}
    assert status["subscribers"] == []
    terminal.ok("rebuild", "notifications")
    id = add(terminal, "--from", "1")
    with existing_notify(settings(terminal)) as (_, notify):
        due = [Due(f"ntf_{place}", "order.paid", 1, place, b"r", b"{}") for place in range(3)]
        notify.deliveries.add(id, due)
        is_first = DELIVERIES.c.notification == "ntf_0"
        with write_transaction(notify.feed.engine) as connection:
            connection.execute(update(DELIVERIES).where(is_first).values(state="given_up"))
    status = terminal.read("status")
    [subscriber] = status["subscribers"]

    assert status["notifications"] == {"position": head, "lag_events": 0}
    assert (subscriber["subscriber"], subscriber["state"]) == (id, "active")
    assert (subscriber["position"], subscriber["lag_events"]) == (1, head - 1)
    assert subscriber["given_up"] == 1 and subscriber["oldest_undelivered"] is not None
    assert id in terminal.ok("status") and "0 behind" in terminal.ok("status")


def test_what_was_missed_is_counted_and_handed_out(terminal: Terminal) -> None:
    """What stands behind a cursor and was never handed out, once, and to who wants it."""
    terminal.ok("rebuild", "notifications")
    wanted = terminal.read("notifications", "list", "--type", "order.*", "--limit", "100")
    id = add(terminal, "--from", "0", "--history")
    without_history = add(terminal, "--from", "0")
    with existing_notify(settings(terminal)) as (ledger, notify):
        head = ledger.log.head().position
        with write_transaction(notify.feed.engine) as connection:
            connection.execute(update(SUBSCRIBERS).values(cursor=head))

    expected = {id: len(wanted), without_history: 0}
    assert terminal.read("notifications", "check")["missed"] == expected
    assert f"{id} missed {len(wanted)}" in terminal.ok("notifications", "check")
    count = terminal.read("notifications", "retry", "--missed")["deliveries"]
    assert count == len(wanted) > 2
    assert terminal.read("notifications", "check")["missed"] == {id: 0, without_history: 0}
    assert terminal.read("notifications", "retry", "--missed") == {"deliveries": 0}
    with existing_notify(settings(terminal)) as (_, notify):
        deliveries = notify.deliveries.list(subscriber=id)
    assert {each.notification for each in deliveries} == {row["id"] for row in wanted}


@pytest.mark.parametrize("has_feed", [True, False])
def test_a_sample(terminal: Terminal, has_feed: bool) -> None:
    """It arrives signed, under an id of its own, and nothing is recorded of it."""
    if has_feed:
        terminal.ok("rebuild", "notifications")
    with receiving() as receiver:
        added = terminal.read("subscribers", "add", receiver.url, "--types", "order.paid")
        assert "delivered: 200 ok" in terminal.ok("subscribers", "test", added["id"])
        [request] = receiver.requests
        receiver.answering = answer(500, "no")
        failed = terminal.run("subscribers", "test", added["id"])
    sent = Webhook(added["secret"]).verify(request.body, request.headers)

    assert sent["type"] == "order.paid" and sent["data"]["id"] == request.id
    assert request.id.startswith("ntf_sample_")
    assert (sent["data"]["object"] is not None) == has_feed
    assert failed.exit_code == 1 and "500" in failed.stderr
    with existing_notify(settings(terminal)) as (_, notify):
        assert notify.attempts.list().items == []
        assert notify.deliveries.list() == []


@on_sqlite
def test_status_makes_no_tables(ledger_url: str) -> None:
    """It only reads, also a ledger that was made before there were notifications."""
    directory = Path(ledger_url.removeprefix("sqlite:///")).parent
    for file in directory.glob("*.notifications.db*"):
        file.unlink()
    Terminal(ledger_url).ok("status")

    assert not list(directory.glob("*.notifications.db*"))
