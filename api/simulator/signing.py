"""The body of an event as Stripe sends it, and the header that signs it."""

from __future__ import annotations

import hashlib
import hmac

import msgspec

from api.simulator.shapes import Json

SIGNATURE_HEADER = "Stripe-Signature"


def body(event: Json) -> bytes:
    """Return the bytes of an event: JSON indented by two spaces, as Stripe sends it."""
    return msgspec.json.format(msgspec.json.encode(event), indent=2)


def sign(body: bytes, secret: str, timestamp: int) -> str:
    """Return the value of the signature header for a body; `timestamp` is in Unix seconds."""
    signed = b"%d." % timestamp + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"
