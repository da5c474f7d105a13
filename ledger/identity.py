"""Which stream a Stripe object's events go to."""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import sha1
from uuid import UUID, uuid5

__all__ = ["QUARANTINE_STREAM", "stream_bytes", "stream_id"]

# Never changes: every stream's identity in every ledger hangs on it.
_NAMESPACE = UUID("5d1a3c2e-7b64-5f0e-9c11-1f6a52f6b9d4")

QUARANTINE_STREAM = uuid5(_NAMESPACE, "quarantine")


def stream_bytes(account: str | None, livemode: bool, object: str, id: str | None) -> bytes:
    """``stream_id`` as bytes, for where no ``UUID`` is wanted: a fifth of the time."""
    name = json.dumps([account, livemode, object, id], separators=(",", ":"))
    digest = bytearray(sha1(_NAMESPACE.bytes + name.encode(), usedforsecurity=False).digest()[:16])
    # What makes it a UUID of version 5.
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return bytes(digest)


@lru_cache(maxsize=65536)
def stream_id(account: str | None, livemode: bool, object: str, id: str | None) -> UUID:
    """The stream of one Stripe object.

    Account and mode are part of it: plan and coupon ids are chosen by merchants, and one
    ``acct_…`` exists in both modes. The name is JSON so that no two tuples share a text.
    """
    return uuid5(_NAMESPACE, _encode([account, livemode, object, id]))


_encode = json.JSONEncoder(separators=(",", ":")).encode
