"""Slowing down whoever tries keys: after a few wrong ones an address has to wait."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

__all__ = ["WRONG_MAX", "Throttle"]

# So many wrong keys an address may try within the time; each process counts for itself.
WRONG_MAX = 10
_SECONDS = 60.0
_ADDRESSES_MAX = 10_000


class Throttle:
    """Counts the wrong keys of each address in the last minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_seconds(self, address: str | None) -> int:
        """How many seconds an address has to wait before it may try again; 0: it may."""
        network, seconds = _network(address), self._clock()
        with self._lock:
            times = self._wrong.get(network)
            while times and times[0] <= seconds - _SECONDS:
                times.popleft()
            if not times or len(times) < WRONG_MAX:
                return 0
            return max(1, round(times[0] + _SECONDS - seconds))

    def note_wrong(self, address: str | None) -> None:
        """Note that an address sent a wrong key."""
        network = _network(address)
        with self._lock:
            self._wrong.setdefault(network, deque(maxlen=WRONG_MAX)).append(self._clock())
            self._wrong.move_to_end(network)
            while len(self._wrong) > _ADDRESSES_MAX:  # many addresses must not fill the memory
                self._wrong.popitem(last=False)


def _network(address: str | None) -> str:
    """The address; of IPv6 the network, for every customer has billions of addresses."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return ""
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
