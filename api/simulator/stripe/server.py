"""Our own Stripe over HTTP: Stripe's library asks it as it would ask Stripe."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from api.simulator.story import Story
from api.simulator.stripe.api import Answer, Api, Request
from api.simulator.stripe.errors import ApiError, rate_limited
from api.simulator.stripe.faults import Fault, Faults
from api.simulator.stripe.forms import decode
from api.simulator.stripe.keys import Key
from api.simulator.stripe.platform import Platform

__all__ = ["Stripe"]


class Stripe:
    """A Stripe of our own: its world, its keys, and an HTTP server for both.

    `clock` gives its time in Unix seconds. It answers at most `rate_max` requests a second and
    refuses the others with a 429, as Stripe does, by `real_clock`. `requests` are those that came,
    each with the real time; `refused` counts the 429.
    """

    def __init__(
        self,
        stories: Iterable[Story],
        keys: Iterable[Key],
        *,
        clock: Callable[[], float] = time.time,
        rate_max: int = 100,
        delay_seconds: float = 0.0,
        real_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self.api = Api(Platform(clock), list(keys))
        self.api.platform.add(stories)
        self.faults = Faults()
        self.requests: list[tuple[float, Request]] = []
        self.refused = 0
        self._delay_seconds = delay_seconds
        self._real_clock = real_clock
        self._rate_max = rate_max
        self._recent: deque[float] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve for a block, on a free port; gives the base address for Stripe's library."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        # Nobody waits for a request that is silent on purpose.
        server.daemon_threads, server.block_on_close = True, False
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def handle(self, request: Request) -> Answer | None:
        """The answer to a request; None: the connection is closed without one."""
        if self._delay_seconds:
            time.sleep(self._delay_seconds)
        with self._lock:
            self.requests.append((self._real_clock(), request))
            fault = self.faults.take(request.path)
            refusal = self._refusal(fault)
            if refusal is not None:
                self.refused += 1
                return Answer(refusal.status, {"error": refusal.error}, refusal.headers)
        if fault is not None and fault.kind == "silence":
            time.sleep(fault.seconds or 0)
            return None
        if fault is not None and fault.kind == "error":
            error = {"message": "An unknown error occurred", "type": "api_error"}
            return Answer(500, {"error": error}, {})
        with self._lock:
            answer = self.api.answer(request)
        return None if fault is not None and fault.kind == "lost" else answer

    def _refusal(self, fault: Fault | None) -> ApiError | None:
        seconds = self._real_clock()
        if fault is not None and fault.kind == "rate_limited":
            return rate_limited(fault.seconds)
        while self._recent and self._recent[0] <= seconds - 1:
            self._recent.popleft()
        if len(self._recent) >= self._rate_max:
            return rate_limited(1)
        self._recent.append(seconds)
        return None


def _handler(stripe: Stripe) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # An answer leaves in one piece: else the body waits for the headers' acknowledgement.
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            self._answer(urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

        def do_DELETE(self) -> None:
            self._answer("")

        def _answer(self, form: str) -> None:
            request = Request(
                self.command,
                unquote(urlsplit(self.path).path),
                decode(form),
                _key(self.headers.get("Authorization", "")),
                self.headers.get("Stripe-Account"),
                self.headers.get("Stripe-Version"),
                self.headers.get("Idempotency-Key"),
            )
            answer = stripe.handle(request)
            if answer is None:
                self.close_connection = True
                return
            # Indented, as Stripe's answers are.
            body = json.dumps(answer.document, indent=2).encode()
            self.send_response_only(answer.status)
            self.send_header("Date", formatdate(stripe.clock(), usegmt=True))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Request-Id", "req_simulated")
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the requests are kept."""

    return Handler


def _key(authorization: str) -> str:
    scheme, _, value = authorization.partition(" ")
    if scheme == "Basic":
        return base64.b64decode(value).decode().partition(":")[0]
    return value
