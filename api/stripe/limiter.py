"""A limit to the requests a second: each waits for its turn, all as long as Stripe says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Limiter", "Rates"]


@dataclass(frozen=True, slots=True)
class Rates:
    """Requests a second at most: of all together, and to each resource."""

    total: float
    resource: float

    @classmethod
    def of(cls, setting: int, *, livemode: bool) -> Rates:
        """A setting's; 0 is a tenth of Stripe's own limits: 100 live, 25 of a sandbox or resource.

        Whatever else uses the account has the rest.
        """
        if setting:
            return cls(setting, setting)
        return cls(10.0 if livemode else 2.5, 2.5)


class Limiter:
    """Lets requests go one after the other, never sooner than the rate allows; for many threads."""

    def __init__(
        self,
        rates: Rates,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._rates = rates
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._next_seconds = 0.0
        self._next_of: dict[str, float] = {}

    def wait(self, resource: str) -> None:
        """Wait until a request to a resource may go."""
        while (left := self._take(resource)) > 0:
            self._sleep(left)

    def hold(self, seconds: float) -> None:
        """Let no request go for so many seconds."""
        with self._lock:
            self._next_seconds = max(self._next_seconds, self._clock() + seconds)

    def _take(self, resource: str) -> float:
        """Take the turn if it has come; else the seconds until then."""
        with self._lock:
            seconds = self._clock()
            due = max(self._next_seconds, self._next_of.get(resource, 0.0))
            if due > seconds:
                return due - seconds
            self._next_seconds = seconds + 1 / self._rates.total
            self._next_of[resource] = seconds + 1 / self._rates.resource
            return 0.0
