"""The hash chain: each row's value covers the row and all before it."""

from __future__ import annotations

from hashlib import sha256
from struct import pack

__all__ = ["GENESIS", "first_link_of_formula_1", "link"]

GENESIS = bytes(32)

_CHUNK_BYTES_MAX = 2047


def link(
    previous: bytes,
    *,
    position: int,
    event_id: str,
    received_at: int,
    source: str,
    type: str,
    state: bytes,
) -> bytes:
    """The chain value of a row: a SHA-256 over the previous value and all that the body lacks.

    A quarantined body's ``type`` is its reason, which its body need not show. ``received_at`` is
    microseconds since 1970; ``state`` the bytes as stored. Lengths are written before what varies
    in length, so that no two rows give the same bytes.
    """
    name, door, kind = event_id.encode(), source.encode(), type.encode()
    content = b"".join(
        (
            previous,
            pack(">QI", position, len(name)),
            name,
            pack(">QI", received_at, len(door)),
            door,
            pack(">I", len(kind)),
            kind,
            _digest(state),
        )
    )
    return sha256(content).digest()


def first_link_of_formula_1(event_id: str, received_at: int, state: bytes) -> bytes:
    """The chain value of the first row of a log by the formula of 0.1: without source and type.

    Only to say so of such a log, which this version neither continues nor verifies.
    """
    name = event_id.encode()
    start = GENESIS + pack(">QI", 1, len(name)) + name + pack(">Q", received_at)
    return sha256(start + _digest(state)).digest()


def _digest(state: bytes) -> bytes:
    """SHA-256, without releasing the interpreter's lock.

    hashlib releases it for anything longer than a chunk; among busy threads, waiting to get it
    back takes many times as long as the hashing.
    """
    digest = sha256()
    for start in range(0, len(state), _CHUNK_BYTES_MAX):
        digest.update(state[start : start + _CHUNK_BYTES_MAX])
    return digest.digest()
