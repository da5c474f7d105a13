"""How many requests may read at a time, so that those that deliver events always find a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Busy", "Readers"]


class Busy(Exception):
    """As many requests as may are being answered, or wait; trying again later succeeds."""


class Readers:
    """Lets a few requests read at a time, and a few more wait for their turn.

    One that waits for the projections keeps its turn, so of these only half as many are let in.
    """

    def __init__(self, reading: int, waiting: int, *, seconds: float = 5.0) -> None:
        """``seconds`` is how long a request waits for its turn at most."""
        self._reading = threading.BoundedSemaphore(max(1, reading))
        self._waiting = threading.BoundedSemaphore(max(1, waiting))
        self._following = threading.BoundedSemaphore(max(1, reading // 2))
        self._seconds = seconds

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A turn to read; raises ``Busy`` where too many wait for one, or this one has too long."""
        if not self._reading.acquire(blocking=False):
            with _held(self._waiting):
                if not self._reading.acquire(timeout=self._seconds):
                    raise Busy
        try:
            yield
        finally:
            self._reading.release()

    @contextmanager
    def waiting_for_projections(self) -> Iterator[None]:
        """Held while a turn is spent on waiting; raises ``Busy`` at once."""
        with _held(self._following):
            yield


@contextmanager
def _held(semaphore: threading.BoundedSemaphore) -> Iterator[None]:
    if not semaphore.acquire(blocking=False):
        raise Busy
    try:
        yield
    finally:
        semaphore.release()
