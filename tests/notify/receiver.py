"""A receiver of notifications: a real HTTP server that does with each request as a test says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Receiver", "Request", "receiving"]


@dataclass(frozen=True)
class Request:
    """A request that arrived, at a time in microseconds."""

    at: int
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The id of its notification."""
        return self.headers["webhook-id"]


# Answers a request over its handler; the number says how many came before.
Answering = Callable[[BaseHTTPRequestHandler, int], None]


def answer(status: int, text: str = "", **headers: str) -> Answering:
    """Answer with a status."""

    def respond(handler: BaseHTTPRequestHandler, _: int) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("content-length", str(len(text.encode())))
        handler.end_headers()
        handler.wfile.write(text.encode())

    return respond


@dataclass
class Receiver:
    """What arrived, and how it is answered."""

    port: int = 0
    answering: Answering = field(default_factory=lambda: answer(200, "ok"))
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Where it receives."""
        return f"http://127.0.0.1:{self.port}/hooks"

    @property
    def ids(self) -> list[str]:
        """The notifications that arrived, in the order of their arrival."""
        return [request.id for request in self.requests]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port of this machine."""
    receiver = Receiver()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            receiver.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(time.time_ns() // 1000, self.path, headers, body)
            with lock:
                number = len(receiver.requests)
                receiver.requests.append(request)
            receiver.answering(self, number)

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """The other side may end a connection whenever it wants."""
