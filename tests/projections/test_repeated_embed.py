"""One object listed twice inside another: what only the second copy carries is found again."""

from __future__ import annotations

import json
from typing import Any

from ledger import Delivery, Ledger, read_delivery
from projections import Projections


def delivery(id: str, type: str, created: int, snapshot: dict[str, Any]) -> Delivery:
    """An event about a thing, ready for the log."""
    event = {"object": "event", "id": id, "type": type, "created": created, "livemode": False,
             "api_version": "2020-03-02", "data": {"object": snapshot}}  # fmt: skip
    body = json.dumps(event).encode()
    return Delivery(body, "webhook", 1, read_delivery(body))


def test_a_refund_in_the_second_copy_of_a_charge_survives_a_refold(store_url: str) -> None:
    """A late event of the refund folds it again, with the snapshot that only a copy carried."""
    refund = {"object": "refund", "id": "re_1", "charge": "ch_1", "amount": 5, "currency": "eur",
              "status": "succeeded", "created": 20}  # fmt: skip
    charge = {"object": "charge", "id": "ch_1", "amount": 9, "status": "succeeded", "created": 1}
    copies = [charge, {**charge, "refunds": {"object": "list", "data": [refund]}}]
    intent = {"object": "payment_intent", "id": "pi_1", "status": "succeeded", "created": 1,
              "charges": {"object": "list", "data": copies}}  # fmt: skip
    ledger = Ledger.open(store_url, create=True)
    projections = Projections.open(ledger)
    projections.create()
    ledger.append([delivery("evt_1", "payment_intent.succeeded", 20, intent)])
    projections.follow()
    late = {**refund, "status": "pending"}
    ledger.append([delivery("evt_2", "refund.created", 10, late)])
    projections.follow()

    assert projections.get("refunds", "re_1").row["status"] == "succeeded"
    assert projections.check() == []
    projections.close()
    ledger.close()
