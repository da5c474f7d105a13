"""A body as Stripe sends it, and the header that signs it."""

from __future__ import annotations

import hashlib
import hmac

import msgspec

from api.simulator.shapes import Json

SIGNATURE_HEADER = "Stripe-Signature"


def body(event: Json) -> bytes:
    """The bytes of an event: Stripe sends them indented by two spaces."""
    return msgspec.json.format(msgspec.json.encode(event), indent=2)


def sign(body: bytes, secret: str, timestamp: int) -> str:
    """The value of the signature header for these bytes at that second."""
    signed = b"%d." % timestamp + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"
