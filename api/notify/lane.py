"""A lane: what a sender has claimed for one subscriber, and how much of it is tried at once."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable

from api.notify.claims import Claimed, Recipient
from api.notify.results import Result

__all__ = ["Lane"]

# What is claimed in advance: about as much as was done in the last second, and so much at most. It
# waits in memory, where pausing the subscriber cannot reach it.
_CLAIMED_MAX = 500
_TICK_SECONDS = 1.0


class Lane:
    """Attempts for one subscriber, in the order in which they were claimed.

    Any number of threads take from it; one thread, the sender's, adds.
    """

    def __init__(self, recipient: Recipient) -> None:
        self.recipient = recipient
        self._queue: deque[Claimed] = deque()
        self._lock = threading.Lock()
        self._at_once = 0
        self._workers = 0
        self._running = 0
        # Attempts that failed in a row: a receiver that is down is tried by one at a time.
        self._failures = 0
        # The receiver said that it wants nothing for now, and that is not recorded yet.
        self._is_closed = False
        self._done = 0
        self._window = 0
        self._tick_seconds = time.monotonic()

    def allow(self, at_once: int) -> None:
        """Make at most so many attempts at once."""
        with self._lock:
            self._at_once = at_once
            seconds = time.monotonic()
            elapsed = seconds - self._tick_seconds
            if elapsed >= _TICK_SECONDS:
                self._window = min(_CLAIMED_MAX, int(self._done / elapsed))
                self._done, self._tick_seconds = 0, seconds

    def room(self) -> int:
        """How many more deliveries should be claimed for it."""
        with self._lock:
            wanted = max(2 * self._limit(), self._window) if self._limit() else 0
            return max(0, wanted - len(self._queue) - self._running)

    def add(self, claimed: Iterable[Claimed]) -> None:
        """Add what was claimed."""
        with self._lock:
            self._queue.extend(claimed)

    def drop(self) -> list[Claimed]:
        """Take away what nobody has begun to send."""
        with self._lock:
            claimed = list(self._queue)
            self._queue.clear()
            return claimed

    def hire(self) -> int:
        """How many workers should begin to take from it, besides those that do."""
        with self._lock:
            waiting = 0 if self._is_closed else len(self._queue)
            needed = min(self._limit(), waiting + self._running) - self._workers
            self._workers += max(0, needed)
            return max(0, needed)

    def take(self) -> Claimed | None:
        """The next to send; None: the worker that asks is needed no more."""
        with self._lock:
            is_needed = self._queue and not self._is_closed
            if not is_needed or self._workers > max(1, self._limit()):
                self._workers -= 1
                return None
            self._running += 1
            return self._queue.popleft()

    def finish(self, result: Result) -> None:
        """An attempt has ended."""
        with self._lock:
            self._running -= 1
            self._done += 1
            self._failures = 0 if result.outcome == "delivered" else self._failures + 1
            self._is_closed |= result.stops

    def open(self) -> None:
        """What the receiver said is recorded: whether it is sent to is the subscriber's state."""
        with self._lock:
            self._is_closed = False

    def postpone(self, claimed: Claimed) -> None:
        """Put back what was taken and not tried; the worker that does so takes nothing more."""
        with self._lock:
            self._running -= 1
            self._workers -= 1
            self._queue.appendleft(claimed)

    def is_idle(self) -> bool:
        """Whether nothing waits and nothing is being sent."""
        with self._lock:
            return not (self._queue or self._running or self._workers)

    def _limit(self) -> int:
        is_down = self._failures >= self.recipient.subscriber.concurrency
        return min(1, self._at_once) if is_down else self._at_once
