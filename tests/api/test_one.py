"""One row: now, as it was, as it was known, with its snapshot, and only when it changed."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.test_lists import charge
from tests.api.wire import NOW, Wire, body_of, event, problem

START = NOW - 5000


def intent(status: str, seconds: int, **changed: Any) -> dict[str, Any]:
    """An event about one PaymentIntent on its way."""
    envelope = {name: changed.pop(name) for name in ("account", "livemode") if name in changed}
    snapshot = {
        "id": "pi_1",
        "object": "payment_intent",
        "created": START,
        "status": status,
        "amount": 2000,
        "amount_received": 2000 if status == "succeeded" else 0,
        "currency": "eur",
        "latest_charge": "ch_of_pi" if status == "succeeded" else None,
        **changed,
    }
    words = {"succeeded": "succeeded", "requires_action": "requires_action", "canceled": "canceled"}
    kind = f"payment_intent.{words.get(status, 'created')}"
    return event(type=kind, created=START + seconds, data={"object": snapshot}, **envelope)


STORY = [
    intent("requires_payment_method", 0),
    intent("requires_action", 10),
    intent("succeeded", 20),
]


def rfc_3339(seconds: int) -> str:
    """A time without its offset."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.fixture(scope="module")
def told(shared: Wire) -> Wire:
    """A ledger that knows one order's story."""
    shared.tell(*STORY)
    return shared


def test_now(told: Wire) -> None:
    """The newest state, with how far was read."""
    answer = told.get("/v1/orders/pi_1")

    row = answer.get_json()
    assert (row["object"], row["id"], row["status"], row["events"]) == ("order", "pi_1", "paid", 3)
    assert answer.headers["Ledger-Position"] == "3"
    assert "snapshot" not in row


def test_by_another_id(wire: Wire) -> None:
    """An order is also found by the id of any of its charges and of its Checkout Session."""
    session = {"id": "cs_1", "object": "checkout.session", "payment_intent": "pi_1"}
    wire.tell(
        intent("succeeded", 20),
        charge(1, payment_intent="pi_1", status="failed", paid=False, captured=False),
        charge(2, payment_intent="pi_1"),
        event(type="checkout.session.completed", data={"object": {**session, "mode": "payment"}}),
    )

    for id in ("pi_1", "ch_1", "ch_2", "cs_1"):
        assert wire.get(f"/v1/orders/{id}").get_json()["id"] == "pi_1"


@pytest.mark.parametrize("path", ["/v1/orders/pi_1", "/v1/orders", "/v1/events", "/openapi.json"])
def test_not_modified(told: Wire, path: str) -> None:
    """Who has the current representation gets a 304 without a body; a changed one, a 200."""
    tag = told.get(path).headers["ETag"]

    same = told.get(path, headers={"If-None-Match": tag})
    other = told.get(path, headers={"If-None-Match": '"other"'})

    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", tag)
    assert (other.status_code, other.headers["ETag"]) == (200, tag)


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
def test_as_of(told: Wire, as_of: str, status: str) -> None:
    """What was true then, told as Unix seconds or in RFC 3339."""
    assert told.get(f"/v1/orders/pi_1?as_of={as_of}").get_json()["status"] == status


def test_at_position(told: Wire) -> None:
    """What was known when the log ended there; 404 before, 422 beyond the head."""
    known = told.get("/v1/orders/pi_1?at_position=2")

    assert known.get_json()["status"] == "requires_action"
    problem(told.get("/v1/orders/pi_1?at_position=0"), 404)
    problem(told.get("/v1/orders/pi_1?at_position=4"), 422)
    problem(told.get(f"/v1/orders/pi_1?as_of={START - 1}"), 404)


def test_late(wire: Wire) -> None:
    """Both together: true then, of what was known then."""
    wire.tell(intent("succeeded", 20), intent("requires_action", 10))

    def status(query: str) -> int | str:
        answer = wire.get(f"/v1/orders/pi_1?{query}")
        return answer.get_json()["status"] if answer.status_code == 200 else answer.status_code

    assert status(f"as_of={START + 10}") == "requires_action"
    assert status(f"as_of={START + 10}&at_position=1") == 404
    assert status("at_position=1") == status("") == "paid"


def test_snapshot(told: Wire) -> None:
    """Stripe's own object, verbatim, newest or as it was then."""
    newest = told.get("/v1/orders/pi_1?include=object").get_json()["snapshot"]
    then = told.get(f"/v1/orders/pi_1?include=object&as_of={START + 10}").get_json()["snapshot"]

    assert newest == STORY[2]["data"]["object"]
    assert then == STORY[1]["data"]["object"]


def test_reading_own_writes(wire: Wire) -> None:
    """min_position waits for the projection, and gives up with a 503."""
    document = charge(7)
    wire.deliver(body_of(document))
    started = time.monotonic()
    refused = wire.get("/v1/orders/ch_7?min_position=1&wait_ms=100")

    assert problem(refused, 503) and refused.headers["Retry-After"]
    assert 0.1 <= time.monotonic() - started < 2
    follower = threading.Timer(0.2, wire.follow)
    follower.start()
    assert wire.get("/v1/orders/ch_7?min_position=1").get_json()["id"] == "ch_7"
    follower.join()


def test_ambiguous(wire: Wire) -> None:
    """An id of several accounts or modes is a 409 until it is said which is meant."""
    wire.tell(charge(1), charge(1, account="acct_1"), charge(1, account="acct_1", livemode=True))

    def found(query: str) -> tuple[str | None, bool]:
        row = wire.get(f"/v1/orders/ch_1?{query}").get_json()
        return row["account"], row["livemode"]

    for path in ("/v1/orders/ch_1", "/v1/orders/ch_1?account=acct_1", "/v1/orders/ch_1/timeline"):
        problem(wire.get(path), 409)
    assert found("account=self") == (None, False)
    assert found("livemode=true") == ("acct_1", True)
    assert found("account=acct_1&livemode=false") == ("acct_1", False)
    problem(wire.get("/v1/orders/ch_1?account=acct_2"), 404)


def test_timeline(told: Wire) -> None:
    """Oldest first, each event with what it changed; paged by event."""
    entries = told.data("/v1/orders/pi_1/timeline")

    assert [entry["position"] for entry in entries] == [1, 2, 3]
    assert entries[1]["changes"]["status"] == ["incomplete", "requires_action"]
    assert [entry["late"] for entry in entries] == [False] * 3
    first, second, third = (entry["event"] for entry in entries)
    page = told.get(f"/v1/orders/pi_1/timeline?limit=1&starting_after={first}").get_json()
    assert [entry["event"] for entry in page["data"]] == [second]
    assert page["has_more"] is True and page["url"] == "/v1/orders/pi_1/timeline"
    back = told.get(f"/v1/orders/pi_1/timeline?limit=1&ending_before={third}").get_json()
    assert [entry["event"] for entry in back["data"]] == [second] and back["has_more"] is True
    problem(told.get("/v1/orders/pi_1/timeline?starting_after=evt_nobody"), 422)
    problem(told.get("/v1/orders/pi_nobody/timeline"), 404)
