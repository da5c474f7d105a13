"""The hash chain that makes the log prove itself."""

from __future__ import annotations

from hashlib import sha256
from struct import pack

__all__ = ["GENESIS", "link"]

GENESIS = bytes(32)

_HELD_BYTES_MAX = 2047


def link(previous: bytes, *, position: int, event_id: str, received_at: int, state: bytes) -> bytes:
    """The chain value of one row: a SHA-256 over the previous value and all that is evidence.

    ``received_at`` is microseconds since 1970; ``state`` the bytes as stored. Lengths are written
    before what varies, so that no two rows can be told by the same bytes.
    """
    name = event_id.encode()
    evidence = b"".join(
        (
            previous,
            pack(">QI", position, len(name)),
            name,
            pack(">Q", received_at),
            _digest(state),
        )
    )
    return sha256(evidence).digest()


def _digest(state: bytes) -> bytes:
    """SHA-256, without letting go of the interpreter's lock.

    hashlib does so for anything longer; among busy threads, waiting to get it back takes many
    times as long as the hashing.
    """
    hashed = sha256()
    for start in range(0, len(state), _HELD_BYTES_MAX):
        hashed.update(state[start : start + _HELD_BYTES_MAX])
    return hashed.digest()
