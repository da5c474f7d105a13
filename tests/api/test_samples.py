"""Recorded events of other projects, if they are available, delivered like Stripe delivers them."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest

from tests.api.client import ApiClient
from tests.api.deliveries import body_of

SAMPLES = Path(__file__).parents[3] / "shared" / "stripe"
KIND_BY_OBJECT = {
    "payment_intent": "orders",
    "charge": "orders",
    "checkout.session": "orders",
    "refund": "refunds",
    "dispute": "disputes",
    "invoice": "invoices",
    "subscription": "subscriptions",
    "payout": "payouts",
    "account": "accounts",
}

pytestmark = pytest.mark.skipif(
    not SAMPLES.exists(), reason="the sample events of ../shared/stripe are not available"
)


@functools.cache
def samples() -> list[dict[str, Any]]:
    """Every recorded and published event, each with its own id."""
    paths = [
        path for folder in ("recorded", "shapes") for path in (SAMPLES / folder).rglob("*.json")
    ]
    events = [json.loads(path.read_text()) for path in sorted(paths)]
    return [{**event, "id": f"evt_sample{number}"} for number, event in enumerate(events)]


def test_every_sample_is_stored_shown_and_projected(shared: ApiClient) -> None:
    """Each is stored once, byte for byte, leaves no dead letter, and its row is found."""
    for event in samples():
        body = body_of(event)
        response = shared.deliver(body)
        assert (response.status_code, response.json and response.json["status"]) == (200, "stored")
        shown = shared.get(f"/v1/events/{event['id']}").json
        assert shown is not None and shown["body"].encode() == body
    shared.follow()

    assert shared.items("/v1/dead-letters") == []
    paths = {path for path in map(_path_of_row, samples()) if path is not None}
    assert len(paths) > 50
    assert [path for path in sorted(paths) if shared.get(path).status_code != 200] == []


def _path_of_row(event: dict[str, Any]) -> str | None:
    """The path of the row that an event's object belongs to; None if it belongs to none."""
    snapshot = event["data"]["object"]
    kind = KIND_BY_OBJECT.get(snapshot.get("object"))
    id = snapshot.get("id")
    if kind is None or not id or event["type"] == "invoice.upcoming":
        return None
    if snapshot["object"] == "checkout.session" and snapshot.get("mode") not in ("payment", None):
        return None
    return f"/v1/{kind}/{id}"
