"""Ids of objects that another one names and nobody told of yet."""

from __future__ import annotations

import json

from ledger import Delivery, Ledger, read_delivery
from projections import Projections, RowSelector


def test_a_charge_that_only_its_intent_names_finds_the_order(store_url: str) -> None:
    """The id of a PaymentIntent's latest charge finds the order before the charge's own event."""
    intent = {"object": "payment_intent", "id": "pi_1", "status": "processing", "amount": 5,
              "currency": "eur", "created": 10, "latest_charge": "ch_1"}  # fmt: skip
    body = json.dumps(
        {"object": "event", "id": "evt_1", "type": "payment_intent.processing", "created": 10,
         "livemode": False, "api_version": None, "data": {"object": intent}}
    ).encode()  # fmt: skip
    ledger = Ledger.open(store_url, create=True)
    ledger.append([Delivery(body, "webhook", 1, read_delivery(body))])
    projections = Projections.open(ledger)
    projections.create()
    projections.follow()

    assert projections.get("orders", "ch_1").row["id"] == "pi_1"
    assert projections.get("orders", "ch_1", RowSelector(as_of=10)).row["id"] == "pi_1"
    assert [entry["event"] for entry in projections.timeline("orders", "ch_1").items] == ["evt_1"]
    projections.close()
    ledger.close()
