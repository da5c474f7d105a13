"""Thin events: what an endpoint with thin payloads is sent in the place of a snapshot event."""

from __future__ import annotations

from datetime import UTC, datetime

from api.simulator.shapes import Json

__all__ = ["thin"]

# Where an object is, if not in a list of its name: below the object that it names.
_BELOW = {
    "capability": ("account", "/v1/accounts/{owner}/capabilities/{id}"),
    "fee_refund": ("fee", "/v1/application_fees/{owner}/refunds/{id}"),
}
# Of these Stripe has only snapshot events.
_WITHOUT_TWIN = ("application", "discount")


def thin(event: Json) -> Json | None:
    """Return the thin twin of a snapshot event, if it has one.

    It has another id, and the address of its object.
    """
    snapshot = event["data"]["object"]
    if snapshot["object"] in _WITHOUT_TWIN:
        return None
    created = datetime.fromtimestamp(event["created"], UTC)
    document: Json = {
        "id": f"{event['id']}thin",
        "object": "v2.core.event",
        "type": f"v1.{event['type']}",
        "created": created.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "livemode": event["livemode"],
        "reason": None,
        "related_object": {
            "id": snapshot.get("id"),
            "type": snapshot["object"],
            "url": _url(snapshot),
        },
    }
    account = event.get("account") or event.get("context")
    return document if account is None else {**document, "context": account}


def _url(snapshot: Json) -> str:
    name, id = snapshot["object"], snapshot.get("id")
    if name in _BELOW:
        member, address = _BELOW[name]
        return address.format(owner=snapshot[member], id=id)
    return f"/v1/{name.replace('.', '/')}s/{id}"
