"""Our own load generator: requests straight from a mapped file, over connections kept alive."""

from __future__ import annotations

import mmap
import re
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from statistics import quantiles

from scripts.benchmarks.load import Loaded
from scripts.benchmarks.posts import WIDTH, Slice

__all__ = ["Bundled"]

_ANSWER_SECONDS_MAX = 10.0
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


class Bundled:
    """Several processes, each with its share of the connections and of the requests."""

    name = "bundled"

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def __call__(
        self, slices: Sequence[Slice], port: int, connections: int, seconds: float, *, again: bool
    ) -> Loaded:
        used = slices[:connections]
        shares = [
            connections // len(used) + (n < connections % len(used)) for n in range(len(used))
        ]
        futures = [
            self._pool.submit(_drive, each.path, port, own, seconds, again)
            for each, own in zip(used, shares, strict=True)
        ]
        heard = [future.result() for future in futures]
        latencies = [1000 * latency for one in heard for latency in one.latencies] or [0.0] * 2
        errors: Counter[str] = sum((one.errors for one in heard), Counter())
        return Loaded(
            requests_per_second=sum(len(one.latencies) / one.seconds for one in heard),
            p50=quantiles(latencies, n=100)[49],
            p99=quantiles(latencies, n=100)[98],
            errors=dict(errors),
            acknowledged=frozenset(
                each.ids[number % len(each.ids)]
                for each, one in zip(used, heard, strict=True)
                for number in one.acknowledged
            ),
            exhausted=any(one.exhausted for one in heard),
        )


@dataclass(slots=True)
class _Heard:
    """What one process heard: seconds per answer, the numbers of the requests that got a 200."""

    latencies: list[float] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    exhausted: bool = False


class _Connection:
    """One connection, with the request it waits for."""

    def __init__(self, port: int, selector: selectors.BaseSelector) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=_ANSWER_SECONDS_MAX)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number, self.sent_at, self.heard = 0, 0.0, b""
        selector.register(self.socket, selectors.EVENT_READ, self)

    def post(self, number: int, request: memoryview) -> None:
        """Sends a request."""
        self.number, self.heard, self.sent_at = number, b"", time.perf_counter()
        self.socket.sendall(request)

    def listen(self) -> bytes | None:
        """The status once the whole answer is here; an empty one when the server hung up."""
        piece = self.socket.recv(65536)
        if not piece:
            return b""
        self.heard += piece
        end = self.heard.find(b"\r\n\r\n")
        length = _LENGTH.search(self.heard, 0, end + 2) if end >= 0 else None
        if length is None or len(self.heard) < end + 4 + int(length[1]):
            return None
        return self.heard[9:12]


def _drive(path: Path, port: int, connections: int, seconds: float, again: bool) -> _Heard:
    """As fast as the server answers, one request at a time on each connection."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        view = memoryview(mapped)
        spans = _spans(view)
        todo = enumerate(cycle(spans) if again else spans)
        with selectors.DefaultSelector() as selector:
            heard = _Run(port, selector, ((n, view[span]) for n, span in todo)).go(
                connections, seconds
            )
        view.release()
    return heard


class _Run:
    """One run of one process."""

    def __init__(
        self,
        port: int,
        selector: selectors.BaseSelector,
        requests: Iterator[tuple[int, memoryview]],
    ) -> None:
        self._port = port
        self._selector = selector
        self._requests = requests
        self._heard = _Heard()
        self._until = 0.0

    def go(self, connections: int, seconds: float) -> _Heard:
        """Sends until the time is over or the requests are, and hears the last answers."""
        heard = self._heard
        idle = [_Connection(self._port, self._selector) for _ in range(connections)]
        started = time.perf_counter()
        self._until = started + seconds
        waiting = sum(self._post(connection) for connection in idle)
        while waiting:
            ready = self._selector.select(_ANSWER_SECONDS_MAX)
            if not ready:
                heard.errors["no answer"] += waiting
                break
            for key, _ in ready:
                waiting -= self._is_done(key.data)
        heard.seconds = time.perf_counter() - started
        for key in list(self._selector.get_map().values()):
            key.data.socket.close()
        return heard

    def _post(self, connection: _Connection) -> bool:
        """Sends the next request, if there is one and the time for it."""
        if time.perf_counter() >= self._until:
            return False
        following = next(self._requests, None)
        if following is None:
            self._heard.exhausted = True
            return False
        connection.post(*following)
        return True

    def _is_done(self, connection: _Connection) -> bool:
        """Takes what came on a connection; whether that was its last answer."""
        heard = self._heard
        try:
            status = connection.listen()
            if status is None:
                return False
            if status == b"200":
                heard.latencies.append(time.perf_counter() - connection.sent_at)
                heard.acknowledged.append(connection.number)
            else:
                heard.errors[status.decode() or "hung up"] += 1
            if status:
                return not self._post(connection)
        except OSError as error:
            heard.errors[type(error).__name__] += 1
        self._selector.unregister(connection.socket)
        connection.socket.close()
        return not self._post(_Connection(self._port, self._selector))


def _spans(view: memoryview) -> list[slice]:
    """Where each request is, behind its length."""
    spans, at = [], 0
    while at < len(view):
        start = at + WIDTH
        at = start + int(bytes(view[at:start]))
        spans.append(slice(start, at))
    return spans
