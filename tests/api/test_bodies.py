"""What becomes of a signed body: stored, a duplicate or quarantined, and always a 200."""

from __future__ import annotations

import json
from typing import Any

import pytest
from stripe.events._event_classes import _V2_EVENT_CLASS_LOOKUP

from ledger import Event, Reason, read_delivery
from tests.api.client import ApiClient
from tests.api.deliveries import body_of, event, thin

HOSTILE = "<script>alert(1)</script>'; DROP TABLE ledger_events; --\u202e\u0000\""


def without(key: str) -> dict[str, Any]:
    """An event that lacks a key."""
    return {name: value for name, value in event().items() if name != key}


STORED: dict[str, bytes] = {
    "unknown type": body_of(event(type="toaster.burnt")),
    "one-word type": body_of(event(type="ping")),
    "hostile metadata": body_of(
        event(data={"object": {"id": "ch_x", "object": "charge", "metadata": {"a": HOSTILE}}})
    ),
    "thin event": body_of(thin()),
    "thin event of a part": body_of(thin(type="v2.core.account[configuration.merchant].updated")),
    "type 128 long": body_of(event(type="x" * 128)),
    "id 250 long": body_of(event(id="evt_" + "1" * 250)),
    "object id 255 long": body_of(event(data={"object": {"id": "x" * 255, "object": "charge"}})),
    "account empty": body_of(event(account="")),
    "api_version empty": body_of(event(api_version="")),
    "created 0": body_of(event(created=0)),
    "created 2^40": body_of(event(created=2**40)),
    "pretty-printed": json.dumps(event(), indent=2).encode(),
    "raw UTF-8": json.dumps(event(note="Ærø ☃"), ensure_ascii=False).encode(),
}

ID = "evt_quarantine"
TEXT = json.dumps(event(id=ID))

QUARANTINED: dict[str, tuple[bytes, Reason]] = {
    "empty": (b"", Reason.NOT_JSON),
    "not JSON": (b"hello", Reason.NOT_JSON),
    "form": (b"id=evt_1&object=event", Reason.NOT_JSON),
    "not UTF-8": (TEXT.encode()[:-1] + b',"x":"\xff"}', Reason.NOT_JSON),
    "UTF-16": (TEXT.encode("utf-16"), Reason.NOT_JSON),
    "BOM": (TEXT.encode("utf-8-sig"), Reason.NOT_JSON),
    "duplicate keys": (TEXT.encode()[:-1] + b',"id":"evt_other"}', Reason.DUPLICATE_KEY),
    "NaN": (TEXT.encode()[:-1] + b',"x":NaN}', Reason.BAD_NUMBER),
    "-Infinity": (TEXT.encode()[:-1] + b',"x":-Infinity}', Reason.BAD_NUMBER),
    "1e400": (TEXT.encode()[:-1] + b',"x":1e400}', Reason.BAD_NUMBER),
    "5000-digit integer": (TEXT.encode()[:-1] + b',"x":' + b"9" * 5000 + b"}", Reason.BAD_NUMBER),
    "100,000-deep array": (b"[" * 100_000 + b"]" * 100_000, Reason.TOO_DEEP),
    "2,000-deep object": (b'{"a":' * 2000 + b"1" + b"}" * 2000, Reason.TOO_DEEP),
    "trailing garbage": (TEXT.encode() + b"x", Reason.NOT_JSON),
    "two documents": (TEXT.encode() * 2, Reason.NOT_JSON),
    "NULs": (b"\0" * 64, Reason.NOT_JSON),
    "list": (b"[]", Reason.NOT_AN_EVENT),
    "null": (b"null", Reason.NOT_AN_EVENT),
    "string": (b'"x"', Reason.NOT_AN_EVENT),
    "empty object": (b"{}", Reason.NOT_AN_EVENT),
    "bare charge": (body_of({"id": "ch_1", "object": "charge"}), Reason.NOT_AN_EVENT),
    "id an int": (body_of(event(id=5)), Reason.BAD_ID),
    "id null": (body_of(event(id=None)), Reason.BAD_ID),
    "id empty": (body_of(event(id="")), Reason.BAD_ID),
    "id a path": (body_of(event(id="evt_../../etc/passwd")), Reason.BAD_ID),
    "id with NUL": (body_of(event(id="evt_1\0")), Reason.BAD_ID),
    "id with newline": (body_of(event(id="evt_1\n")), Reason.BAD_ID),
    "id SQL": (body_of(event(id="evt_1'; DROP TABLE x; --")), Reason.BAD_ID),
    "id 10,000 long": (body_of(event(id="evt_" + "1" * 10_000)), Reason.BAD_ID),
    "id Cyrillic": (body_of(event(id="еvt_1")), Reason.BAD_ID),
    "id lone surrogate": (body_of(event(id="evt_\ud800")), Reason.BAD_ID),
    "type a list": (body_of(event(type=["x"])), Reason.BAD_ENVELOPE),
    "type a tag": (body_of(event(type="<script>")), Reason.BAD_ENVELOPE),
    "type missing": (body_of(without("type")), Reason.BAD_ENVELOPE),
    "type null": (body_of(event(type=None)), Reason.BAD_ENVELOPE),
    "type 129 long": (body_of(event(type="x" * 129)), Reason.BAD_ENVELOPE),
    "type brackets open": (body_of(event(type="v2.core.account[x.updated")), Reason.BAD_ENVELOPE),
    "created a string": (body_of(event(created="1790000000")), Reason.BAD_ENVELOPE),
    "created a bool": (body_of(event(created=True)), Reason.BAD_ENVELOPE),
    "created a float": (body_of(event(created=1.5)), Reason.BAD_ENVELOPE),
    "created 10^18": (body_of(event(created=10**18)), Reason.BAD_ENVELOPE),
    "created 1e18": (
        body_of(event(created=123456789)).replace(b"123456789", b"1e18"),
        Reason.BAD_ENVELOPE,
    ),
    "created negative": (body_of(event(created=-1)), Reason.BAD_ENVELOPE),
    "created beyond 2^40": (body_of(event(created=2**40 + 1)), Reason.BAD_ENVELOPE),
    "account 256 long": (body_of(event(account="a" * 256)), Reason.BAD_ENVELOPE),
    "api_version not ASCII": (body_of(event(api_version="é")), Reason.BAD_ENVELOPE),
    "livemode a string": (body_of(event(livemode="false")), Reason.BAD_ENVELOPE),
    "data missing": (body_of(without("data")), Reason.BAD_ENVELOPE),
    "data null": (body_of(event(data=None)), Reason.BAD_ENVELOPE),
    "data.object a list": (body_of(event(data={"object": []})), Reason.BAD_ENVELOPE),
    **{
        f"object id {name}": (body_of(event(data={"object": {"id": id}})), Reason.BAD_OBJECT_ID)
        for name, id in {
            "0": 0,
            "an int": 5,
            "false": False,
            "a list": [],
            "an object": {},
            "with NUL": "x\0",
            "lone surrogate": "x\ud800",
            "256 long": "x" * 256,
        }.items()
    },
    "id 251 long": (body_of(event(id="evt_" + "1" * 251)), Reason.BAD_ID),
    "object id 10,000 long": (
        body_of(event(data={"object": {"id": "x" * 10_000}})),
        Reason.BAD_OBJECT_ID,
    ),
}


@pytest.mark.parametrize("body", STORED.values(), ids=STORED)
def test_stored(shared: ApiClient, body: bytes) -> None:
    """An event of any type and content is stored, byte for byte."""
    before = shared.position

    response = shared.deliver(body)

    assert response.get_json()["status"] == "stored"
    assert shared.position == response.get_json()["position"] == before + 1
    event = shared.get(f"/v1/events/{json.loads(body)['id']}").get_json()
    assert event["body"].encode() == body


def test_every_type_that_stripe_declares() -> None:
    """Every type of thin event that Stripe's own library knows is read as an event."""
    results = [read_delivery(body_of(thin(type=type))) for type in _V2_EVENT_CLASS_LOOKUP]

    assert len(results) > 10
    assert [result for result in results if not isinstance(result, Event)] == []


@pytest.mark.parametrize(("body", "reason"), QUARANTINED.values(), ids=QUARANTINED)
def test_quarantined(shared: ApiClient, body: bytes, reason: Reason) -> None:
    """A signed body that is no event is quarantined with its reason; again, it is a duplicate."""
    before = shared.position

    first, second = shared.deliver(body), shared.deliver(body)

    assert first.status_code == second.status_code == 200
    assert first.get_json()["status"] == "quarantined"
    assert second.get_json()["status"] == "duplicate"
    assert shared.position == first.get_json()["position"] == before + 1
    assert second.get_json()["position"] == before + 1
    recorded = shared.ledger.log.quarantined(before + 1)
    assert recorded is not None and recorded.reason == reason and recorded.body == body


@pytest.mark.parametrize(
    "change",
    [{}, {"pending_webhooks": 0}, {"api_version": "2025-03-31.basil"}],
    ids=["exact", "pending_webhooks", "api_version"],
)
def test_duplicate(shared: ApiClient, change: dict[str, Any]) -> None:
    """The same id again is a duplicate with the first one's position, and writes nothing."""
    document = event()
    first = shared.deliver(body_of(document)).get_json()["position"]

    response = shared.deliver(body_of({**document, **change}))

    assert response.get_json()["status"] == "duplicate"
    assert response.get_json()["position"] == first == shared.position


@pytest.mark.parametrize(
    "change",
    [{"data": {"object": {"id": "ch_other", "object": "charge"}}}, {"type": "charge.failed"}],
    ids=["object", "type"],
)
def test_id_reuse(shared: ApiClient, change: dict[str, Any]) -> None:
    """A known id with a different object or type is quarantined, and changes nothing."""
    document = event()
    first = shared.deliver(body_of(document)).get_json()["position"]

    response = shared.deliver(body_of({**document, **change}))

    assert response.get_json()["status"] == "quarantined"
    recorded = shared.ledger.log.quarantined(response.get_json()["position"])
    assert recorded is not None and recorded.reason == Reason.ID_REUSE
    unchanged = shared.ledger.log.event(document["id"])
    assert unchanged is not None and unchanged.position == first


def test_wrong_mode(store_url: str) -> None:
    """If the settings allow only one mode, an event of the other is quarantined."""
    client = ApiClient(store_url, {"livemode": True})

    responses = [client.deliver(body_of(event(livemode=mode))).get_json() for mode in (False, True)]

    assert [response["status"] for response in responses] == ["quarantined", "stored"]
    assert client.items("/v1/quarantine")[0]["reason"] == "wrong_mode"
    client.close()
