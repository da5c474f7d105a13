"""Deliveries as Stripe would send them: events about objects, their bytes and signatures."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from typing import Any

from api.config.settings import Secret

NOW = 1_790_000_000
OLD_SECRET = Secret("old", "whsec_old_0123456789abcdef")
NEW_SECRET = Secret("new", "whsec_new_0123456789abcdef")
WEBHOOK = "/webhooks/stripe"

_numbers = itertools.count(1)


def event(**changes: Any) -> dict[str, Any]:
    """An event as Stripe would send it, each with a new id and about a new object."""
    number = next(_numbers)
    return {
        "object": "event",
        "id": f"evt_test_{number}",
        "type": "charge.succeeded",
        "created": NOW - 60,
        "livemode": False,
        "api_version": "2024-06-20",
        "pending_webhooks": 1,
        "data": {"object": {"id": f"ch_{number}", "object": "charge", "amount": 1000}},
        **changes,
    }


def charge(number: int, **changes: Any) -> dict[str, Any]:
    """An event about a paid charge without a PaymentIntent, which is an order of its own.

    ``changes`` are of the charge, except ``account`` and ``livemode``, which are the event's.
    """
    envelope = {name: changes.pop(name) for name in ("account", "livemode") if name in changes}
    snapshot = {
        "id": f"ch_{number}",
        "object": "charge",
        "created": NOW - 1000 + number,
        "amount": 100 * number,
        "amount_captured": 100 * number,
        "currency": "eur",
        "captured": True,
        "paid": True,
        "status": "succeeded",
        **changes,
    }
    return event(data={"object": snapshot}, created=NOW - 1000 + number, **envelope)


def thin(**changes: Any) -> dict[str, Any]:
    """A v2 thin event."""
    base = event()
    return {
        "id": base["id"],
        "object": "v2.core.event",
        "type": "v1.billing.meter.error_report_triggered",
        "livemode": True,
        "created": "2026-01-22T09:00:00.000Z",
        "related_object": {"id": "mtr_1", "type": "billing.meter", "url": "/v1/billing/meters/1"},
        **changes,
    }


def body_of(document: Any) -> bytes:
    """The bytes of a document."""
    return json.dumps(document).encode()


def mac(body: bytes, *, t: int | str = NOW, secret: str = NEW_SECRET.value) -> str:
    """The v1 signature."""
    return hmac.new(secret.encode(), f"{t}.".encode() + body, hashlib.sha256).hexdigest()


def header(body: bytes, *, t: int | str = NOW, secret: str = NEW_SECRET.value) -> str:
    """A Stripe-Signature header."""
    return f"t={t},v1={mac(body, t=t, secret=secret)}"
