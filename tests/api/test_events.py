"""The log over HTTP: a list, a feed, exact bytes, and the quarantine."""

from __future__ import annotations

import base64
import hashlib

import pytest

from ledger import SNAPSHOT, Snapshot
from tests.api.client import ApiClient, problem
from tests.api.deliveries import NOW, body_of, event


@pytest.fixture(scope="module")
def log(shared: ApiClient) -> ApiClient:
    """A ledger with five events and two quarantined deliveries."""
    client = shared
    client.deliver(body_of(event(id="evt_1", type="charge.succeeded", created=NOW - 3)))
    client.deliver(body_of(event(id="evt_2", type="charge.dispute.created", created=NOW - 2)))
    client.deliver(b"\xff")
    client.deliver(body_of(event(id="evt_4", type="charger.plugged", account="acct_1")))
    payout = {"object": {"id": "po_9", "object": "payout"}}
    client.deliver(body_of(event(id="evt_5", type="payout.paid", created=NOW, data=payout)))
    client.deliver(b"plain")
    client.deliver(body_of(event(id="evt_7", type="ping", livemode=True)))
    return client


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["evt_7", "evt_5", "evt_4", "evt_2", "evt_1"]),
        ("limit=2", ["evt_7", "evt_5"]),
        ("starting_after=evt_4", ["evt_2", "evt_1"]),
        ("ending_before=evt_2&limit=1", ["evt_4"]),
        ("type=charge.succeeded", ["evt_1"]),
        ("type=charge.*", ["evt_2", "evt_1"]),
        ("account=acct_1", ["evt_4"]),
        ("account=self", ["evt_7", "evt_5", "evt_2", "evt_1"]),
        ("livemode=true", ["evt_7"]),
        ("object_id=po_9", ["evt_5"]),
        (f"created[gte]={NOW - 2}", ["evt_5", "evt_2"]),
        ("position[gt]=0", ["evt_1", "evt_2", "evt_4", "evt_5", "evt_7"]),
        ("position[gt]=2&limit=1", ["evt_4"]),
        ("position[gt]=7", []),
    ],
)
def test_list(log: ApiClient, query: str, expected: list[str]) -> None:
    """Newest position first, or upwards as a feed; never a quarantined delivery."""
    assert [item["id"] for item in log.items(f"/v1/events?{query}")] == expected


def test_item(log: ApiClient) -> None:
    """An item has the envelope and how it was received, and not the body."""
    assert log.items("/v1/events?type=payout.paid") == [
        {
            "object": "event",
            "id": "evt_5",
            "position": 5,
            "type": "payout.paid",
            "object_id": "po_9",
            "created": NOW,
            "received_at": NOW,
            "api_version": "2024-06-20",
            "account": None,
            "livemode": False,
            "source": "webhook",
        }
    ]


def test_body(client: ApiClient) -> None:
    """A single event has its exact bytes, their hash and the chain value."""
    body = b'{ "caf\xc3\xa9": "\\ud83d\\ude00 \\u0000",\r\n' + body_of(event(id="evt_1"))[1:]
    client.deliver(body)

    response = client.get("/v1/events/evt_1")

    shown = response.get_json()
    assert shown["body"].encode() == body
    assert shown["sha256"] == hashlib.sha256(body).hexdigest()
    assert shown["chain"] == client.ledger.log.head().chain.hex()
    assert response.headers["Ledger-Position"] == "1"


def test_quarantine(log: ApiClient) -> None:
    """Quarantined deliveries have their own list, and their bytes as text or in Base64."""
    assert [(item["id"], item["reason"], item["size"]) for item in log.items("/v1/quarantine")] == [
        ("qd_6", "not_json", 5),
        ("qd_3", "not_json", 1),
    ]
    assert [item["id"] for item in log.items("/v1/quarantine?starting_after=qd_6")] == ["qd_3"]
    assert log.get("/v1/quarantine/qd_6").get_json()["body"] == "plain"
    assert base64.b64decode(log.get("/v1/quarantine/qd_3").get_json()["body_base64"]) == b"\xff"


@pytest.mark.parametrize("id", ["qd_1", "qd_99", "qd_03", "qd_-3", "3", "qd_" + "9" * 30])
def test_not_quarantined(log: ApiClient, id: str) -> None:
    """The quarantine contains only quarantined deliveries."""
    problem(log.get(f"/v1/quarantine/{id}"), 404)


def test_quarantine_is_skipped(log: ApiClient) -> None:
    """The projections skip quarantined deliveries and read on."""
    log.follow()

    assert log.get("/v1/orders").headers["Ledger-Position"] == "7"


def test_quarantined_is_no_event(log: ApiClient) -> None:
    """A quarantined delivery is not found among the events, not even by its internal id."""
    delivery = log.ledger.log.quarantined(3)
    assert delivery is not None

    problem(log.get(f"/v1/events/{delivery.event_id}"), 404)


def test_a_snapshot_record(client: ApiClient) -> None:
    """What Stripe answered is listed like an event, with a type, an id and a source of its own."""
    payout = b'{"object": "payout", "id": "po_9"}'
    snapshot = Snapshot(payout, NOW, "2026-10-28.endive", "acct_1", True)
    client.ledger.record([snapshot])
    [item] = client.items("/v1/events?type=ledger.snapshot")

    assert item == client.items("/v1/events?type=ledger.*&account=acct_1")[0]
    assert (item["object"], item["id"], item["type"]) == ("event", snapshot.id, SNAPSHOT)
    assert (item["object_id"], item["created"], item["source"]) == ("po_9", NOW, "api")
    body = client.get(f"/v1/events/{snapshot.id}").get_json()["body"]
    assert body.encode() == snapshot.body
    assert client.deliver(snapshot.body).get_json()["status"] == "quarantined"
