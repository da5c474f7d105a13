"""Recorded events of other projects, when they are at hand, posted like Stripe posts them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.api.wire import Wire, body_of

SAMPLES = Path(__file__).parents[3] / "shared" / "stripe"
KINDS_OF = {
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
    not SAMPLES.exists(), reason="the sample events of ../shared/stripe are not at hand"
)


def samples() -> list[dict[str, Any]]:
    """Every recorded and published event, each with an id of its own."""
    paths = [
        path for folder in ("recorded", "shapes") for path in (SAMPLES / folder).rglob("*.json")
    ]
    events = [json.loads(path.read_text()) for path in sorted(paths)]
    return [{**event, "id": f"evt_sample{number}"} for number, event in enumerate(events)]


def test_every_sample_is_stored_shown_and_projected(shared: Wire) -> None:
    """Each is stored once, byte for byte, leaves no dead letter, and shows in its kind."""
    for event in samples():
        body = body_of(event)
        answer = shared.deliver(body)
        assert (answer.status_code, answer.json and answer.json["status"]) == (200, "stored")
        shown = shared.get(f"/v1/events/{event['id']}").json
        assert shown is not None and shown["body"].encode() == body
    shared.follow()

    assert shared.data("/v1/dead-letters") == []
    missing = [event["id"] for event in samples() if not _is_shown(shared, event)]
    assert missing == []


def _is_shown(wire: Wire, event: dict[str, Any]) -> bool:
    thing = event["data"]["object"]
    kind = KINDS_OF.get(thing.get("object"))
    id = thing.get("id")
    if kind is None or not id or event["type"] == "invoice.upcoming":
        return True
    if thing["object"] == "checkout.session" and thing.get("mode") not in ("payment", None):
        return True
    found = wire.get(f"/v1/{kind}/{id}")
    return found.status_code == 200
