"""What REST has so that the console can show it: keys, deliveries, checks, retries, sources."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from api.telemetry.delivery_ring import (
    RecentDelivery,
    Ring,
    contents_of_others,
    per_minute,
    recent,
)
from tests.api.client import ApiClient, problem
from tests.api.deliveries import NOW, body_of, charge, event, header

_hours = itertools.count(1)


def test_keys(client: ApiClient) -> None:
    """Stored keys are listed newest first with their state, and never with their secret."""
    first, first_secret = client.keys.create("first", "read")
    second, _ = client.keys.create("second", "full")
    client.keys.revoke(first)

    keys = client.items("/v1/keys")
    assert {(key["id"], key["scope"], key["status"]) for key in keys} == {
        (second, "full", "active"),
        (first, "read", "revoked"),
    }
    assert first_secret not in str(keys)


def test_deliveries(client: ApiClient) -> None:
    """Each answer is listed with its reason; a refused one shows nothing that its sender wrote."""
    # The other dialect's run has left what it delivered in this process.
    client.clock.seconds += next(_hours) * 3600
    stored, forged = body_of(event()), body_of(event(id="evt_forged"))
    for body in (stored, stored, b"[]"):
        client.deliver(body)
        client.clock.seconds += 1
    client.deliver(forged, header(forged, secret="whsec_of_somebody_else"))

    deliveries = client.items("/v1/deliveries?limit=4")
    assert [each["outcome"] for each in deliveries] == [
        "refused",
        "quarantined",
        "duplicate",
        "stored",
    ]
    assert deliveries[0]["reason"] == "no_match"
    assert "evt_forged" not in str(deliveries)
    assert [each["position"] for each in deliveries[1:]] == [2, 1, 1]
    refused = client.items("/v1/deliveries?accepted=false&limit=1")
    assert refused == deliveries[:1]
    counts = client.get("/v1/deliveries/minutes?minutes=1").get_json()["data"][0]
    assert counts["created"] == client.clock.seconds // 60 * 60
    assert counts["accepted"] >= 3 and counts["refused"] >= 1


def test_a_flood_of_forgeries_pushes_out_only_refusals() -> None:
    """Of each of the two there are 500, and the counts of minutes have them all."""
    ring = Ring(None)
    ring.add([_delivery(number, "stored") for number in range(3)])
    ring.add([_delivery(number, "refused") for number in range(3, 1500)])

    deliveries = recent([ring.contents()])
    assert [each.id for each in deliveries if each.is_accepted] == ["req_2", "req_1", "req_0"]
    assert len(deliveries) == 503
    assert deliveries[0].id == "req_1499"
    totals = per_minute([ring.contents(), ring.contents()])
    assert sum(refused for _, refused in totals.values()) == 2 * 1497


def test_the_rings_of_other_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read from their files, also of those that died; what is no ring is passed over."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    ring = Ring(tmp_path)
    ring.add([_delivery(1, "stored")])
    [file] = tmp_path.iterdir()
    assert list(contents_of_others()) == [] and not ring.is_lost()
    file.rename(tmp_path / "deliveries_1.ring")
    (tmp_path / "deliveries_2.ring").write_bytes(b"x")

    assert ring.is_lost()
    assert [each.id for each in recent(list(contents_of_others()))] == ["req_1"]


def _delivery(number: int, outcome: str) -> RecentDelivery:
    received_at = (NOW + number) * 1_000_000
    return RecentDelivery(f"req_{number}", received_at, outcome, event="evt_" + 600 * "x")


def test_a_check_is_requested(client: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """One at a time: its result is stored for the kind, and a second one meanwhile is a 409."""
    client.store(charge(1))
    checks = client.app.extensions["stripe-ledger"].checks
    assert client.post("/v1/projections/orders/check").status_code == 202
    problem(client.post("/v1/projections/orders/check"), 409)
    checks.wait(60)

    states = {each["kind"]: each for each in client.items("/v1/projections?limit=100")}
    assert states["orders"]["checked_at"] and states["orders"]["differences"] == 0
    assert states["refunds"]["checked_at"] is None
    problem(client.post("/v1/projections/toasters/check"), 404)


def test_quarantine_retry(client: ApiClient) -> None:
    """What was quarantined for its mode becomes an event once the ledger takes it."""
    strict = ApiClient(client.url, {"livemode": True}, create=False)
    try:
        document = event(livemode=False)
        strict.deliver(body_of(document))
        [quarantined] = strict.items("/v1/quarantine")
        path = f"/v1/quarantine/{quarantined['id']}/retry"
        assert strict.post(path).get_json()["status"] == "quarantined"
    finally:
        strict.close()

    assert client.post(path).get_json()["status"] == "stored"
    assert client.post(path).get_json()["status"] == "duplicate"
    assert [each["id"] for each in client.items("/v1/events")] == [document["id"]]
    problem(client.post("/v1/quarantine/qd_77/retry"), 404)


def test_summary_since(client: ApiClient) -> None:
    """Only rows that were created at the time or later are summed."""
    client.store(charge(1), charge(2), charge(3))

    def count(since: int) -> int:
        rows = client.items(f"/v1/summary?since={since}")
        return sum(row["orders"]["paid"]["count"] for row in rows)

    assert [count(NOW - 1000 + number) for number in (1, 2, 3)] == [3, 2, 1]
    assert client.items(f"/v1/summary?since={NOW}") == []


def test_events_by_id(client: ApiClient) -> None:
    """An event is found by its id together with other filters, without its body."""
    document = charge(1)
    client.store(document, charge(2))

    [entry] = client.items(f"/v1/events?id={document['id']}&type=charge.*")
    assert entry["position"] == 1 and "body" not in entry
    assert client.items(f"/v1/events?id={document['id']}&livemode=true") == []
    assert client.items(f"/v1/events?id={document['id']}&created[gt]={NOW}") == []
    assert client.items("/v1/events?id=evt_unknown") == []


def test_stripe_is_not_asked(client: ApiClient) -> None:
    """Without a key of Stripe's there is nothing to list, and the state says so."""
    client.deliver(body_of(event()))

    state = client.get("/v1/stripe").get_json()
    assert not state["is_asked"] and state["sweeps"] == [] and state["swept_until"] is None
    assert [each["livemode"] for each in state["last_deliveries"]] == [False]
    problem(client.get("/v1/stripe/endpoints"), 409)


def test_a_field_names_the_event_that_set_it(client: ApiClient) -> None:
    """The newest event whose fold changed it to what it is; other events do not count."""
    first = charge(1, description="first")
    second = charge(1, description="second", receipt_url="https://pay.example/1")
    second["created"] += 10
    third = charge(
        1, description="second", receipt_url="https://pay.example/1", metadata={"a": "b"}
    )
    third["created"] += 20
    client.store(third, first, second)

    sources = {
        each["id"]: each["event"] for each in client.items("/v1/orders/ch_1/fields?limit=100")
    }
    assert sources["description"] == second["id"]
    assert sources["amount"] == first["id"]
    assert sources["metadata"] == third["id"]
    assert sources["customer"] is None
