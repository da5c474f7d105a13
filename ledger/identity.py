"""The identity of a stream: one for each Stripe object, derived from its scope, name and id."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from hashlib import sha1
from uuid import UUID, uuid5

__all__ = ["QUARANTINE_PREFIX", "QUARANTINE_STREAM", "stream_bytes", "stream_id"]

# Must never change: every stream's identity in every ledger depends on it.
_NAMESPACE = UUID("5d1a3c2e-7b64-5f0e-9c11-1f6a52f6b9d4")

_PREFIX = _NAMESPACE.bytes

QUARANTINE_STREAM = uuid5(_NAMESPACE, "quarantine")

# The beginning of a quarantined body's identity; an event's begins with evt_.
QUARANTINE_PREFIX = "quarantine:"


def stream_bytes(account: str | None, livemode: bool, object: str, id: str | None) -> bytes:
    """``stream_id`` as 16 bytes, in a fifth of the time that making a ``UUID`` takes."""
    name = _name(account, livemode, object, id)
    digest = bytearray(sha1(_PREFIX + name.encode(), usedforsecurity=False).digest()[:16])
    # The version and variant bits of a UUID of version 5.
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return bytes(digest)


@lru_cache(maxsize=65536)
def stream_id(account: str | None, livemode: bool, object: str, id: str | None) -> UUID:
    """The stream of one Stripe object.

    Account and mode are part of it: plan and coupon ids are chosen by merchants, and one
    ``acct_…`` exists in both modes. The name is JSON so that no two tuples share a text.
    """
    return UUID(bytes=stream_bytes(account, livemode, object, id))


def _name(account: str | None, livemode: bool, object: str, id: str | None) -> str:
    if id is not None and _IS_PLAIN(f"{object}{id}{account or ''}"):
        # As below, for nearly every id: it holds nothing that JSON would escape.
        quoted = "null" if account is None else f'"{account}"'
        return f'[{quoted},{"true" if livemode else "false"},"{object}","{id}"]'
    return _encode([account, livemode, object, id])


_IS_PLAIN = re.compile("[a-zA-Z0-9_.]*", re.ASCII).fullmatch
_encode = json.JSONEncoder(separators=(",", ":")).encode
