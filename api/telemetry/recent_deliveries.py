"""What became of each delivery, and the last of them in all processes of a run."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from api.telemetry import multiprocess
from api.telemetry.delivery_ring import RecentDelivery, Ring, contents_of_others, per_minute, recent

__all__ = ["DeliveryRecord", "add", "deliveries", "minutes"]


@dataclass(slots=True)
class DeliveryRecord:
    """What the log and the metrics may show of one delivery: enums, numbers, validated values.

    ``secret`` and ``bytes`` are counted if the signature was verified; ``delay_seconds`` (from
    Stripe's ``created`` to our receipt) is set if a new event was stored. ``received`` are Unix
    seconds.
    """

    outcome: str = "refused"
    reason: str | None = None
    secret: str | None = None
    event_id: str | None = None
    event_type: str | None = None
    bytes: int | None = None
    position: int | None = None
    conflict: bool = False
    delay_seconds: float | None = None
    seconds: float = 0.0
    received: float = 0.0
    request_id: str = ""


class _OwnRing:
    """This process's ring, made with its first delivery, and again where its file is removed."""

    def __init__(self) -> None:
        self._ring: Ring | None = None
        self._lock = threading.Lock()

    def ring(self) -> Ring:
        """The ring; raises ``OSError`` where its file cannot be made."""
        with self._lock:
            if self._ring is None or self._ring.is_lost():
                self._ring = Ring(multiprocess.own_directory())
            return self._ring


_own = _OwnRing()


def add(records: Sequence[DeliveryRecord]) -> None:
    """Add what became of deliveries; on a full disk they are only counted and logged."""
    with suppress(OSError):
        _own.ring().add([_shown(record) for record in records])


def deliveries() -> list[RecentDelivery]:
    """The last deliveries of all processes, newest first."""
    return recent(_contents())


def minutes() -> dict[int, tuple[int, int]]:
    """How many deliveries all processes accepted and refused, by minute since 1970."""
    return per_minute(_contents())


def _contents() -> list[bytes]:
    with suppress(OSError):
        return [_own.ring().contents(), *contents_of_others()]
    return list(contents_of_others())


def _shown(record: DeliveryRecord) -> RecentDelivery:
    return RecentDelivery(
        id=record.request_id,
        received_at=int(record.received * 1_000_000),
        outcome=record.outcome,
        reason=record.reason,
        secret=record.secret,
        event=record.event_id,
        type=record.event_type,
        position=record.position,
        bytes=record.bytes,
        milliseconds=round(record.seconds * 1000, 2),
    )
