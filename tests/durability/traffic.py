"""Stripe's side: many threads post signed events, and retry those that were not acknowledged."""

from __future__ import annotations

import itertools
import json
import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from random import Random
from types import TracebackType
from typing import Any

from api.demo.client import WEBHOOK_PATH
from api.simulator import body, histories, sign
from api.simulator.signing import SIGNATURE_HEADER
from tests.cli.processes import DEADLINE_SECONDS, SECRET, eventually

FORGED = "whsec_of_somebody_else"
_DUPLICATES = 0.05  # of the acknowledged events are posted again, as Stripe warns
_PAUSE_SECONDS = 0.1
# What a thread waits at most before its next delivery: some hundreds a second are load enough, and
# whatever else the machine does goes on.
_PACE_SECONDS = 0.05
_WAITING_MAX = 50  # with so many unacknowledged events, no new ones are posted
_ANSWER_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Reply:
    """A response: its HTTP status (0 if there was none), `Retry-After` and JSON body."""

    status: int
    retry_after: str | None = None
    body: dict[str, Any] = field(default_factory=dict)


class Connection:
    """A kept-alive connection that never retries by itself."""

    def __init__(self, port: int, *, seconds: float = _ANSWER_SECONDS) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=seconds)

    def post(self, sent: bytes, *, secret: str = SECRET) -> Reply:
        """Post a body with a signature of this second."""
        headers = {
            "Content-Type": "application/json",
            SIGNATURE_HEADER: sign(sent, secret, int(time.time())),
        }
        try:
            self._connection.request("POST", WEBHOOK_PATH, sent, headers)
            response = self._connection.getresponse()
            text = response.read()
        except (HTTPException, OSError):
            self._connection.close()
            return Reply(0)
        body = json.loads(text) if response.headers.get_content_subtype() != "html" else {}
        return Reply(response.status, response.headers["Retry-After"], body)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def post(port: int, sent: bytes, *, secret: str = SECRET) -> Reply:
    """Post over a connection of its own."""
    connection = Connection(port)
    try:
        return connection.post(sent, secret=secret)
    finally:
        connection.close()


def bodies(seed: int | None = None) -> Iterator[tuple[str, bytes]]:
    """Endless events of all stories: ids, and bodies as Stripe would send them."""
    for story in histories(secrets.randbelow(1 << 48) if seed is None else seed):
        yield from ((event["id"], body(event)) for event in story.events)


class Traffic:
    """Posts from many threads to the ports of one ledger, for as long as the block lasts."""

    def __init__(self, ports: Sequence[int], *, threads: int = 12) -> None:
        self.seed = secrets.randbelow(1 << 48)
        print(f"traffic of seed {self.seed}")
        self.sent: dict[str, bytes] = {}
        self.positions: dict[str, set[int]] = {}
        self.stored: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.faults: list[str] = []
        self._ports = ports
        self._events = bodies(self.seed)
        self._waiting: deque[str] = deque()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(port, index), daemon=True)
            for index, port in zip(range(threads), itertools.cycle(ports), strict=False)
        ]

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Post no more, and wait for the responses of what was posted."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def count(self, status: int) -> int:
        """How many responses had a status."""
        with self._lock:
            return self.statuses[status]

    def wait_for_more(self, events: int = 1) -> None:
        """Wait until so many more deliveries are acknowledged."""
        enough = self.count(200) + events
        eventually(lambda: self.count(200) >= enough, f"{events} more are taken: {self.statuses}")

    def complete(self) -> None:
        """Post again what was never acknowledged, until all is, as Stripe does for days."""
        connections = [Connection(port) for port in self._ports]
        deadline = time.monotonic() + 2 * DEADLINE_SECONDS
        while missing := sorted(self.sent.keys() - self.positions.keys()):
            assert time.monotonic() < deadline, f"{len(missing)} are not taken: {self.statuses}"
            for connection, event_id in zip(itertools.cycle(connections), missing, strict=False):
                self._send(connection, event_id)
        for connection in connections:
            connection.close()

    def _work(self, port: int, index: int) -> None:
        rng, connection = Random(f"traffic/{self.seed}/{index}"), Connection(port)
        while not self._stop.is_set():
            event_id = self._next()
            acknowledged = self._send(connection, event_id)
            if not acknowledged or rng.random() < _DUPLICATES:
                self._waiting.append(event_id)
            self._stop.wait(rng.uniform(0, _PACE_SECONDS) if acknowledged else _PAUSE_SECONDS)
        connection.close()

    def _next(self) -> str:
        with self._lock:
            # Half of the time a new event, so that retries come late and out of order.
            turn = sum(self.statuses.values()) % 2 or len(self._waiting) > _WAITING_MAX
            if self._waiting and turn:
                return self._waiting.popleft()
            event_id, sent = next(self._events)
            self.sent[event_id] = sent
            return event_id

    def _send(self, connection: Connection, event_id: str) -> bool:
        return self.record(event_id, connection.post(self.sent[event_id]))

    def record(self, event_id: str, reply: Reply) -> bool:
        """Record a response; whether it acknowledges the event."""
        with self._lock:
            self.statuses[reply.status] += 1
            if reply.status == 200:
                self.positions.setdefault(event_id, set()).add(reply.body["position"])
                self.stored[event_id] += reply.body["status"] == "stored"
            elif reply.status not in (0, 503) or (reply.status == 503 and not reply.retry_after):
                self.faults.append(f"{event_id}: {reply}")
        return reply.status == 200
