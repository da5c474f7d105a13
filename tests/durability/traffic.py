"""Stripe's side: many threads post signed events, and post again what nobody acknowledged."""

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
_TWICE = 0.05  # of the acknowledged ones come a second time, as Stripe warns
_PAUSE_SECONDS = 0.1
_WAITING_MAX = 50  # who gets no answers has only so many new things to say
_ANSWER_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered: the HTTP status, 0 where nothing was, and what else it said."""

    status: int
    retry_after: str | None = None
    body: dict[str, Any] = field(default_factory=dict)


class Line:
    """One kept-alive connection that never retries by itself."""

    def __init__(self, port: int, *, seconds: float = _ANSWER_SECONDS) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=seconds)

    def post(self, sent: bytes, *, secret: str = SECRET) -> Reply:
        """Posts a body, signed now."""
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
        """Hangs up."""
        self._connection.close()


def post(port: int, sent: bytes, *, secret: str = SECRET) -> Reply:
    """Posts over a connection of its own."""
    line = Line(port)
    try:
        return line.post(sent, secret=secret)
    finally:
        line.close()


def bodies(seed: int | None = None) -> Iterator[tuple[str, bytes]]:
    """Endless events of all stories, by id, as Stripe would send them."""
    for story in histories(secrets.randbelow(1 << 48) if seed is None else seed):
        yield from ((event["id"], body(event)) for event in story.events)


class Traffic:
    """Posts from many threads at the ports of one ledger, for as long as the block lasts."""

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
        """Sends no more; what is on its way is waited for."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def seen(self, status: int) -> int:
        """How many answers had a status."""
        with self._lock:
            return self.statuses[status]

    def goes_on(self, events: int = 1) -> None:
        """Waits until so many more were acknowledged."""
        enough = self.seen(200) + events
        eventually(lambda: self.seen(200) >= enough, f"{events} more are taken: {self.statuses}")

    def complete(self) -> None:
        """Posts again, as Stripe does for days, all that was never acknowledged."""
        lines = [Line(port) for port in self._ports]
        deadline = time.monotonic() + 2 * DEADLINE_SECONDS
        while missing := sorted(self.sent.keys() - self.positions.keys()):
            assert time.monotonic() < deadline, f"{len(missing)} are not taken: {self.statuses}"
            for line, event_id in zip(itertools.cycle(lines), missing, strict=False):
                self._send(line, event_id)
        for line in lines:
            line.close()

    def _work(self, port: int, index: int) -> None:
        rng, line = Random(f"traffic/{self.seed}/{index}"), Line(port)
        while not self._stop.is_set():
            event_id = self._next()
            acknowledged = self._send(line, event_id)
            if not acknowledged or rng.random() < _TWICE:
                self._waiting.append(event_id)
            if not acknowledged:
                self._stop.wait(_PAUSE_SECONDS)
        line.close()

    def _next(self) -> str:
        with self._lock:
            # Half of the time something new, so that retries come late and out of order.
            turn = sum(self.statuses.values()) % 2 or len(self._waiting) > _WAITING_MAX
            if self._waiting and turn:
                return self._waiting.popleft()
            event_id, sent = next(self._events)
            self.sent[event_id] = sent
            return event_id

    def _send(self, line: Line, event_id: str) -> bool:
        return self.note(event_id, line.post(self.sent[event_id]))

    def note(self, event_id: str, reply: Reply) -> bool:
        """Remembers what was answered; whether the event is acknowledged."""
        with self._lock:
            self.statuses[reply.status] += 1
            if reply.status == 200:
                self.positions.setdefault(event_id, set()).add(reply.body["position"])
                self.stored[event_id] += reply.body["status"] == "stored"
            elif reply.status not in (0, 503) or (reply.status == 503 and not reply.retry_after):
                self.faults.append(f"{event_id}: {reply}")
        return reply.status == 200
