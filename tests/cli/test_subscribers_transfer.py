"""Subscribers in an export and out of it: where they stood, what they were handed, no secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from api.config.databases import existing_notify
from api.config.settings import Settings
from api.notify.deliveries import Due
from api.notify.tables import DELIVERIES, SUBSCRIBERS
from ledger.database import read_transaction, write_transaction
from tests.cli.terminal import Terminal
from tests.conftest import FreshDatabase

BODY = b'{"private":"body"}'


def settings(terminal: Terminal) -> Settings:
    return Settings.read({"LEDGER_DATABASE_URL": terminal.url})


@pytest.fixture
def subscribed(terminal: Terminal) -> dict[str, Any]:
    """A subscriber that was handed the notifications of positions 1 to 3, but for one of 2."""
    added: dict[str, Any] = terminal.read(
        "subscribers", "add", "https://shop.example/in", "--types", "order.*", "--from", "0",
        "--name", "shop", "--history",
    )  # fmt: skip
    with existing_notify(settings(terminal)) as (_, notify):
        places = [(1, 0), (2, 0), (2, 1), (3, 0)]
        due = [Due(f"ntf_{p}_{k}", "order.paid", p, k, b"row", BODY) for p, k in places]
        notify.deliveries.add(added["id"], due)
        with write_transaction(notify.feed.engine) as connection:
            is_delivered = DELIVERIES.c.notification != "ntf_2_1"
            done = update(DELIVERIES).where(is_delivered).values(state="delivered", due_at=None)
            connection.execute(done)
            connection.execute(update(SUBSCRIBERS).values(cursor=4))
    return added


def delivered(terminal: Terminal, id: str) -> list[tuple[str, int, int, str]]:
    with existing_notify(settings(terminal)) as (_, notify):
        return sorted(
            (each.notification, each.position, each.place, each.state)
            for each in notify.deliveries.list(subscriber=id)
        )


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_they_come_back_paused(
    terminal: Terminal, subscribed: dict[str, Any], fresh_database: FreshDatabase, dialect: str
) -> None:
    """On either database: what was delivered stays so, what waited is filled anew."""
    terminal.ok("export", "-o", "log.jsonl")
    text = Path("log.jsonl").read_text()
    assert "whsec_" not in text and "private" not in text
    copy = Terminal(fresh_database(dialect))
    result = copy.run("import", "log.jsonl")
    [before] = terminal.read("subscribers", "list")
    [after] = copy.read("subscribers", "list")

    assert "1 subscribers imported" in result.stderr
    assert after["state"] == "paused" and "rotate" in after["reason"]
    same = ("id", "target", "types", "name", "history", "created_at", "begins_at")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert (before["position"], after["position"]) == (4, 1)
    assert delivered(copy, subscribed["id"]) == [
        ("ntf_1_0", 1, 0, "delivered"),
        ("ntf_2_0", 2, 0, "delivered"),
        ("ntf_3_0", 3, 0, "delivered"),
    ]
    refused = copy.run("subscribers", "resume", subscribed["id"])
    assert refused.exit_code == 1 and "rotate" in refused.stderr
    secret = copy.read("subscribers", "rotate", subscribed["id"])["secret"]
    assert secret != subscribed["secret"]
    copy.ok("subscribers", "resume", subscribed["id"])
    assert copy.read("subscribers", "list")[0]["state"] == "active"


def test_a_copy_is_exported_like_the_original(
    terminal: Terminal, subscribed: dict[str, Any], fresh_database: FreshDatabase
) -> None:
    """Byte for byte, and importing it again changes nothing."""
    terminal.ok("export", "-o", "log.jsonl")
    copy = Terminal(fresh_database("sqlite"))
    copy.ok("import", "log.jsonl")
    copy.ok("subscribers", "rotate", subscribed["id"])
    copy.ok("subscribers", "resume", subscribed["id"])
    again = copy.run("import", "log.jsonl")

    assert "subscribers" not in again.stderr
    assert copy.read("subscribers", "list")[0]["state"] == "active"
    assert copy.ok("export").encode() == Path("log.jsonl").read_bytes()


def test_an_interrupted_import_is_finished_by_the_next(
    terminal: Terminal, subscribed: dict[str, Any], fresh_database: FreshDatabase
) -> None:
    """What was delivered is there once, and so is the subscriber."""
    terminal.ok("export", "-o", "log.jsonl")
    copy = Terminal(fresh_database("sqlite"))
    copy.ok("import", "log.jsonl")
    before = delivered(copy, subscribed["id"])
    with (
        existing_notify(settings(copy)) as (_, notify),
        write_transaction(notify.feed.engine) as connection,
    ):
        connection.execute(SUBSCRIBERS.delete())
        connection.execute(DELIVERIES.delete().where(DELIVERIES.c.position == 2))
    copy.ok("import", "log.jsonl")

    assert delivered(copy, subscribed["id"]) == before
    assert len(copy.read("subscribers", "list")) == 1


def test_another_log_gets_no_subscribers(
    terminal: Terminal, subscribed: dict[str, Any], fresh_database: FreshDatabase
) -> None:
    """Where positions mean other events, cursors would mean nothing."""
    terminal.ok("export", "-o", "log.jsonl")
    other = Terminal(fresh_database("sqlite"))
    Path("other.jsonl").write_text(json.dumps(EVENT) + "\n")
    other.ok("import", "other.jsonl")
    result = other.run("import", "log.jsonl")

    assert result.exit_code == 0 and "subscribers not imported" in result.stderr
    assert other.read("subscribers", "list") == []
    with (
        existing_notify(settings(other)) as (_, notify),
        read_transaction(notify.feed.engine) as connection,
    ):
        assert connection.execute(select(DELIVERIES)).all() == []


EVENT = {
    "id": "evt_other",
    "object": "event",
    "type": "customer.created",
    "created": 1_700_000_000,
    "livemode": False,
    "api_version": "2024-06-20",
    "data": {"object": {"id": "cus_other", "object": "customer"}},
}


def test_what_older_importers_read_is_as_before(
    terminal: Terminal, subscribed: dict[str, Any]
) -> None:
    """The lines are entries and one end, as they were: only members are added to them."""
    terminal.ok("export", "-o", "with.jsonl")
    terminal.ok("subscribers", "remove", subscribed["id"])
    terminal.ok("export", "-o", "without.jsonl")
    lines = [json.loads(line) for line in Path("with.jsonl").read_text().splitlines()]
    added = [{**line} for line in lines]
    for line in added:
        line.pop("delivered", None)
        line.pop("subscribers", None)

    assert lines[0]["delivered"] == {subscribed["id"]: [["ntf_1_0", "order.paid", 0]]}
    assert len(lines[-1]["subscribers"]) == 1
    assert added == [json.loads(line) for line in Path("without.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("members", ['"subscribers":7', '"subscribers":[{"id":"rcv_1"}]'])
def test_nonsense_is_refused(
    terminal: Terminal, fresh_database: FreshDatabase, members: str
) -> None:
    """With one line; the log is there, and can be used."""
    text = terminal.ok("export").rstrip()
    Path("bad.jsonl").write_text(text[:-1] + f",{members}}}\n")
    copy = Terminal(fresh_database("sqlite"))
    result = copy.run("import", "bad.jsonl")

    assert result.exit_code == 1 and "subscribers of the export cannot be read" in result.stderr
    assert copy.read("subscribers", "list") == []
