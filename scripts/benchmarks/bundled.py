"""Our own load generator: sends requests from a mapped file over kept-alive connections."""

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

from scripts.benchmarks.load import LoadResult
from scripts.benchmarks.posts import WIDTH, RequestFile

__all__ = ["Bundled"]

_RESPONSE_SECONDS_MAX = 10.0
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


class Bundled:
    """Several processes, each with its share of the connections and a file of requests."""

    name = "bundled"

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def __call__(
        self,
        request_files: Sequence[RequestFile],
        port: int,
        connections: int,
        seconds: float,
        *,
        repeat: bool,
    ) -> LoadResult:
        files = request_files[:connections]
        shares = [
            connections // len(files) + (number < connections % len(files))
            for number in range(len(files))
        ]
        futures = [
            self._pool.submit(_drive, file.path, port, share, seconds, repeat)
            for file, share in zip(files, shares, strict=True)
        ]
        results = [future.result() for future in futures]
        latencies_ms = [
            1000 * latency for result in results for latency in result.latencies_seconds
        ] or [0.0] * 2
        errors: Counter[str] = sum((result.errors for result in results), Counter())
        return LoadResult(
            requests_per_second=sum(
                len(result.latencies_seconds) / result.seconds for result in results
            ),
            p50_ms=quantiles(latencies_ms, n=100)[49],
            p99_ms=quantiles(latencies_ms, n=100)[98],
            errors=dict(errors),
            acknowledged=frozenset(
                file.ids[number % len(file.ids)]
                for file, result in zip(files, results, strict=True)
                for number in result.acknowledged
            ),
            is_exhausted=any(result.is_exhausted for result in results),
        )


@dataclass(slots=True)
class _ProcessResult:
    """What one process measured; ``acknowledged`` has the numbers of requests that got a 200."""

    latencies_seconds: list[float] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    is_exhausted: bool = False


class _Connection:
    """One connection, with the request whose response it waits for."""

    def __init__(self, port: int, selector: selectors.BaseSelector) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=_RESPONSE_SECONDS_MAX)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number, self.sent_at, self._received = 0, 0.0, b""
        selector.register(self.socket, selectors.EVENT_READ, self)

    def post(self, number: int, request: memoryview) -> None:
        """Send a request."""
        self.number, self._received, self.sent_at = number, b"", time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bytes | None:
        """Return the status once the response is complete; empty when the server hung up."""
        data = self.socket.recv(65536)
        if not data:
            return b""
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        length = _LENGTH.search(self._received, 0, end + 2) if end >= 0 else None
        if length is None or len(self._received) < end + 4 + int(length[1]):
            return None
        return self._received[9:12]


def _drive(path: Path, port: int, connections: int, seconds: float, repeat: bool) -> _ProcessResult:
    """Send as fast as the server responds, one request at a time on each connection."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        view = memoryview(mapped)
        spans = _spans(view)
        numbered = enumerate(cycle(spans) if repeat else spans)
        with selectors.DefaultSelector() as selector:
            requests = ((number, view[span]) for number, span in numbered)
            result = _Run(port, selector, requests).drive(connections, seconds)
        view.release()
    return result


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
        self._result = _ProcessResult()
        self._deadline = 0.0

    def drive(self, connections: int, seconds: float) -> _ProcessResult:
        """Send until the time is over or the requests run out, and await the last responses."""
        result = self._result
        idle = [_Connection(self._port, self._selector) for _ in range(connections)]
        started = time.perf_counter()
        self._deadline = started + seconds
        waiting = sum(self._post(connection) for connection in idle)
        while waiting:
            ready = self._selector.select(_RESPONSE_SECONDS_MAX)
            if not ready:
                result.errors["no response"] += waiting
                break
            for key, _ in ready:
                waiting -= self._is_finished(key.data)
        result.seconds = time.perf_counter() - started
        for key in list(self._selector.get_map().values()):
            key.data.socket.close()
        return result

    def _post(self, connection: _Connection) -> bool:
        """Send the next request; False if the time is over or no request is left."""
        if time.perf_counter() >= self._deadline:
            return False
        numbered_request = next(self._requests, None)
        if numbered_request is None:
            self._result.is_exhausted = True
            return False
        connection.post(*numbered_request)
        return True

    def _is_finished(self, connection: _Connection) -> bool:
        """Receive on a connection and send its next request; True after its last response."""
        result = self._result
        try:
            status = connection.receive()
            if status is None:
                return False
            if status == b"200":
                result.latencies_seconds.append(time.perf_counter() - connection.sent_at)
                result.acknowledged.append(connection.number)
            else:
                result.errors[status.decode() or "hung up"] += 1
            if status:
                return not self._post(connection)
        except OSError as error:
            result.errors[type(error).__name__] += 1
        self._selector.unregister(connection.socket)
        connection.socket.close()
        return not self._post(_Connection(self._port, self._selector))


def _spans(view: memoryview) -> list[slice]:
    """Return where each request is in a file; its length stands before it."""
    spans, end = [], 0
    while end < len(view):
        start = end + WIDTH
        end = start + int(bytes(view[end:start]))
        spans.append(slice(start, end))
    return spans
