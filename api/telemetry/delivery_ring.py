"""The last answers of the way in, of all processes: in a file each, and never any of a body.

Accepted and refused deliveries have a ring each, so that a flood of forgeries pushes out only
refusals. How many there were a minute is counted beside them.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from api.telemetry import multiprocess

__all__ = [
    "MINUTES_MAX",
    "OUTCOMES",
    "RecentDelivery",
    "Ring",
    "contents_of_others",
    "per_minute",
    "recent",
]

# These became part of the log, or were there already.
ACCEPTED = ("stored", "duplicate", "quarantined")
OUTCOMES = (*ACCEPTED, "refused", "unavailable")

_SLOTS, _SLOT_BYTES = 500, 512
MINUTES_MAX = 180
# The minute since 1970, and how many were accepted and refused in it.
_MINUTE = struct.Struct("<QII")
_MINUTES_AT = 2 * _SLOTS * _SLOT_BYTES
_FILE_BYTES = _MINUTES_AT + MINUTES_MAX * _MINUTE.size


class RecentDelivery(msgspec.Struct, frozen=True, omit_defaults=True):
    """One answer: what was decided and why; ``received_at`` in microseconds.

    ``bytes`` is the body's size where it was read; of a refused body nothing is known.
    """

    id: str
    received_at: int
    outcome: str
    reason: str | None = None
    secret: str | None = None
    event: str | None = None
    type: str | None = None
    position: int | None = None
    bytes: int | None = None
    milliseconds: float = 0.0

    @property
    def is_accepted(self) -> bool:
        """Whether Stripe was told that it need not send it again."""
        return self.outcome in ACCEPTED


class Ring:
    """The rings of one process, in a file of its run's directory, or in memory without one."""

    def __init__(self, directory: Path | None) -> None:
        self._path = None
        if directory is None:
            self._memory = mmap.mmap(-1, _FILE_BYTES)
        else:
            self._path = directory / f"deliveries_{os.getpid()}.ring"
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                # On a full disk this fails now; touching a new page would kill the process.
                os.posix_fallocate(descriptor, 0, _FILE_BYTES)
                self._memory = mmap.mmap(descriptor, _FILE_BYTES)
            finally:
                os.close(descriptor)
        self._counts = {True: 0, False: 0}

    def is_lost(self) -> bool:
        """Whether somebody has removed its file."""
        return self._path is not None and not self._path.exists()

    def add(self, deliveries: Sequence[RecentDelivery]) -> None:
        """Add deliveries in place of the oldest ones."""
        for delivery in deliveries:
            is_accepted = delivery.is_accepted
            text = msgspec.json.encode(delivery)
            if len(text) > _SLOT_BYTES:  # ids of 255 characters are none of Stripe's
                text = msgspec.json.encode(msgspec.structs.replace(delivery, event=None, type=None))
            slot = self._counts[is_accepted] % _SLOTS + (0 if is_accepted else _SLOTS)
            self._counts[is_accepted] += 1
            start = slot * _SLOT_BYTES
            self._memory[start : start + _SLOT_BYTES] = text.ljust(_SLOT_BYTES)
            self._count(delivery.received_at // 60_000_000, is_accepted)

    def contents(self) -> bytes:
        """All of it, as another process reads it in the file."""
        return self._memory[:]

    def _count(self, minute: int, is_accepted: bool) -> None:
        at = _MINUTES_AT + minute % MINUTES_MAX * _MINUTE.size
        known, accepted, refused = _MINUTE.unpack_from(self._memory, at)
        if known != minute:
            accepted = refused = 0
        _MINUTE.pack_into(
            self._memory, at, minute, accepted + is_accepted, refused + (not is_accepted)
        )


_decode = msgspec.json.Decoder(RecentDelivery).decode


def recent(rings: Sequence[bytes]) -> list[RecentDelivery]:
    """The deliveries in the rings of all processes, newest first."""
    deliveries: list[RecentDelivery] = []
    for ring in rings:
        for start in range(0, _MINUTES_AT, _SLOT_BYTES):
            text = ring[start : start + _SLOT_BYTES].rstrip(b" \0")
            if text:
                # One that is being written this moment is half of two.
                with suppress(msgspec.DecodeError):
                    deliveries.append(_decode(text))
    return sorted(deliveries, key=lambda each: (each.received_at, each.id), reverse=True)


def per_minute(rings: Sequence[bytes]) -> dict[int, tuple[int, int]]:
    """How many were accepted and refused, by minute since 1970."""
    totals: dict[int, tuple[int, int]] = {}
    for ring in rings:
        for minute, accepted, refused in _MINUTE.iter_unpack(ring[_MINUTES_AT:]):
            if minute:
                before = totals.get(minute, (0, 0))
                totals[minute] = (before[0] + accepted, before[1] + refused)
    return totals


def contents_of_others() -> Iterator[bytes]:
    """The rings of this run's other processes, also of those that have died."""
    own = f"deliveries_{os.getpid()}.ring"
    for path in multiprocess.files("deliveries_*.ring"):
        if path.name != own:
            with suppress(OSError):
                content = path.read_bytes()
                if len(content) == _FILE_BYTES:
                    yield content
