"""A single row: current, at a time, at a position, with its snapshot, and conditionally."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.client import ApiClient, problem
from tests.api.deliveries import NOW, body_of, charge, event

START = NOW - 5000


def payment_intent(status: str, seconds: int, **changes: Any) -> dict[str, Any]:
    """An event about the PaymentIntent pi_1, so many seconds after ``START``."""
    envelope = {name: changes.pop(name) for name in ("account", "livemode") if name in changes}
    snapshot = {
        "id": "pi_1",
        "object": "payment_intent",
        "created": START,
        "status": status,
        "amount": 2000,
        "amount_received": 2000 if status == "succeeded" else 0,
        "currency": "eur",
        "latest_charge": "ch_of_pi" if status == "succeeded" else None,
        **changes,
    }
    types = {"succeeded": "succeeded", "requires_action": "requires_action", "canceled": "canceled"}
    type = f"payment_intent.{types.get(status, 'created')}"
    return event(type=type, created=START + seconds, data={"object": snapshot}, **envelope)


STORY = [
    payment_intent("requires_payment_method", 0),
    payment_intent("requires_action", 10),
    payment_intent("succeeded", 20),
]


def rfc_3339(seconds: int) -> str:
    """A time in RFC 3339 without its offset."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.fixture(scope="module")
def story(shared: ApiClient) -> ApiClient:
    """A ledger with the three events of one order."""
    shared.store(*STORY)
    return shared


def test_current(story: ApiClient) -> None:
    """The current state, with the position that the projection has read."""
    response = story.get("/v1/orders/pi_1")

    row = response.get_json()
    assert (row["object"], row["id"], row["status"], row["events"]) == ("order", "pi_1", "paid", 3)
    assert response.headers["Ledger-Position"] == "3"
    assert "snapshot" not in row


def test_by_another_id(client: ApiClient) -> None:
    """An order is also found by the id of any of its charges and of its Checkout Session."""
    session = {"id": "cs_1", "object": "checkout.session", "payment_intent": "pi_1"}
    client.store(
        payment_intent("succeeded", 20),
        charge(1, payment_intent="pi_1", status="failed", paid=False, captured=False),
        charge(2, payment_intent="pi_1"),
        event(type="checkout.session.completed", data={"object": {**session, "mode": "payment"}}),
    )

    for id in ("pi_1", "ch_1", "ch_2", "cs_1"):
        assert client.get(f"/v1/orders/{id}").get_json()["id"] == "pi_1"


@pytest.mark.parametrize("path", ["/v1/orders/pi_1", "/v1/orders", "/v1/events", "/openapi.json"])
def test_not_modified(story: ApiClient, path: str) -> None:
    """A client with the current representation gets a 304 without a body, any other a 200."""
    tag = story.get(path).headers["ETag"]

    current = story.get(path, headers={"If-None-Match": tag})
    outdated = story.get(path, headers={"If-None-Match": '"outdated"'})

    assert (current.status_code, current.data, current.headers["ETag"]) == (304, b"", tag)
    assert (outdated.status_code, outdated.headers["ETag"]) == (200, tag)


@pytest.mark.parametrize(
    ("as_of", "status"),
    [
        (str(START), "incomplete"),
        (str(START + 10), "requires_action"),
        (str(START + 19), "requires_action"),
        (str(NOW), "paid"),
        (f"{rfc_3339(START + 10)}Z", "requires_action"),
        (f"{rfc_3339(START + 19)}.999z", "requires_action"),
        (f"{rfc_3339(START + 20)}%2B00:00", "paid"),
        (f"{rfc_3339(START + 20 + 5400)}%2B01:30", "paid"),
        (f"{rfc_3339(START + 19 - 5400)}-01:30", "requires_action"),
    ],
)
def test_as_of(story: ApiClient, as_of: str, status: str) -> None:
    """The state at a time, which is written as Unix seconds or in RFC 3339."""
    assert story.get(f"/v1/orders/pi_1?as_of={as_of}").get_json()["status"] == status


def test_at_position(story: ApiClient) -> None:
    """The state known when the log ended there; 404 before that, 422 beyond the head."""
    known = story.get("/v1/orders/pi_1?at_position=2")

    assert known.get_json()["status"] == "requires_action"
    problem(story.get("/v1/orders/pi_1?at_position=0"), 404)
    problem(story.get("/v1/orders/pi_1?at_position=4"), 422)
    problem(story.get(f"/v1/orders/pi_1?as_of={START - 1}"), 404)


def test_late(client: ApiClient) -> None:
    """as_of and at_position combine: the state at a time, from the events known at a position."""
    client.store(payment_intent("succeeded", 20), payment_intent("requires_action", 10))

    def status(query: str) -> int | str:
        response = client.get(f"/v1/orders/pi_1?{query}")
        row = response.get_json()
        return row["status"] if response.status_code == 200 else response.status_code

    assert status(f"as_of={START + 10}") == "requires_action"
    assert status(f"as_of={START + 10}&at_position=1") == 404
    assert status("at_position=1") == status("") == "paid"


def test_snapshot(story: ApiClient) -> None:
    """Stripe's own object, verbatim: the newest one, or the one at a time."""
    newest = story.get("/v1/orders/pi_1?include=object").get_json()["snapshot"]
    then = story.get(f"/v1/orders/pi_1?include=object&as_of={START + 10}").get_json()["snapshot"]

    assert newest == STORY[2]["data"]["object"]
    assert then == STORY[1]["data"]["object"]


def test_reading_own_writes(client: ApiClient) -> None:
    """min_position waits for the projection, and ends in a 503 if that takes too long."""
    document = charge(7)
    client.deliver(body_of(document))
    started = time.monotonic()
    refused = client.get("/v1/orders/ch_7?min_position=1&wait_ms=100")

    assert problem(refused, 503) and refused.headers["Retry-After"]
    assert 0.1 <= time.monotonic() - started < 2
    follower = threading.Timer(0.2, client.follow)
    follower.start()
    assert client.get("/v1/orders/ch_7?min_position=1").get_json()["id"] == "ch_7"
    follower.join()


def test_ambiguous(client: ApiClient) -> None:
    """An id of several accounts or modes is a 409 unless account and livemode choose one."""
    client.store(charge(1), charge(1, account="acct_1"), charge(1, account="acct_1", livemode=True))

    def scope(query: str) -> tuple[str | None, bool]:
        row = client.get(f"/v1/orders/ch_1?{query}").get_json()
        return row["account"], row["livemode"]

    for path in ("/v1/orders/ch_1", "/v1/orders/ch_1?account=acct_1", "/v1/orders/ch_1/timeline"):
        problem(client.get(path), 409)
    assert scope("account=self") == (None, False)
    assert scope("livemode=true") == ("acct_1", True)
    assert scope("account=acct_1&livemode=false") == ("acct_1", False)
    problem(client.get("/v1/orders/ch_1?account=acct_2"), 404)


def test_timeline(story: ApiClient) -> None:
    """Oldest first, each event with the fields it changed; paged by event."""
    entries = story.items("/v1/orders/pi_1/timeline")

    assert [entry["position"] for entry in entries] == [1, 2, 3]
    assert entries[1]["changes"]["status"] == ["incomplete", "requires_action"]
    assert [entry["late"] for entry in entries] == [False] * 3
    first, second, third = (entry["event"] for entry in entries)
    page = story.get(f"/v1/orders/pi_1/timeline?limit=1&starting_after={first}").get_json()
    assert [entry["event"] for entry in page["data"]] == [second]
    assert page["has_more"] is True and page["url"] == "/v1/orders/pi_1/timeline"
    back = story.get(f"/v1/orders/pi_1/timeline?limit=1&ending_before={third}").get_json()
    assert [entry["event"] for entry in back["data"]] == [second] and back["has_more"] is True
    problem(story.get("/v1/orders/pi_1/timeline?starting_after=evt_nobody"), 422)
    problem(story.get("/v1/orders/pi_nobody/timeline"), 404)
