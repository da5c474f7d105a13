"""The webhook on the real server: framing, sizes and headers as they arrive at a socket."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from api.notify.stores import NotifyStores
from ledger import Ledger
from projections import Projections
from tests.api.client import FULL_KEY, appends
from tests.api.deliveries import NEW_SECRET, WEBHOOK, body_of, event, header

TARGETS = {
    "rsgi": ["--factory", "api.serve.worker:front"],
    "wsgi": ["--blocking-threads", "8", "api.serve.wsgi:app"],
}
LIMIT = 1 << 20
ROOT = Path(__file__).parents[2]


class Server:
    """A running web process and its store."""

    def __init__(self, ledger: Ledger, port: int) -> None:
        self.ledger = ledger
        self.port = port

    @property
    def position(self) -> int:
        """The position of the log's head."""
        return self.ledger.log.head().position

    def send(self, *parts: bytes, hang_up: bool = False) -> int | None:
        """The status of the response; None if the connection was reset."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
            try:
                for part in parts:
                    connection.sendall(part)
                if hang_up:
                    return None
                response = connection.recv(65536)
            except ConnectionError:
                return None
        status_line = re.match(rb"HTTP/1\.1 (\d{3}) ", response)
        return int(status_line[1]) if status_line else None


@pytest.fixture(scope="module", params=["rsgi", "wsgi"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """One granian worker on SQLite: as `ledger serve` runs it, and by the WSGI entry."""
    url = f"sqlite:///{tmp_path_factory.mktemp('server') / 'ledger.db'}"
    ledger = Ledger.open(url, create=True)
    projections = Projections.open(ledger)
    projections.create()
    with closing(NotifyStores.open(ledger, projections)) as notify:
        notify.create()
    projections.close()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")},
        "LEDGER_DATABASE_URL": url,
        "STRIPE_WEBHOOK_SECRET": NEW_SECRET.value,
        "LEDGER_API_KEY": FULL_KEY,
        "PYTHONPATH": str(ROOT),
    }
    granian = [sys.executable, "-m", "granian", "--interface", request.param, "--http", "1"]
    options = ["--port", str(port), *TARGETS[request.param]]
    process = subprocess.Popen(
        [*granian, *options], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port)
        yield Server(ledger, port)
    finally:
        process.terminate()
        process.wait(60)
        ledger.close()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.1)


def head(body: bytes, *lines: str, method: str = "POST") -> bytes:
    """The head of a request, with a valid signature."""
    signed = f"Stripe-Signature: {header(body, t=int(time.time()))}"
    all_lines = [
        f"{method} {WEBHOOK} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        signed,
        *lines,
    ]
    return "\r\n".join(all_lines).encode() + b"\r\n\r\n"


def length(body: bytes) -> str:
    """The Content-Length header of a body."""
    return f"Content-Length: {len(body)}"


def chunks(body: bytes, size: int = 65536) -> bytes:
    """The body as a chunked message."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])


def padded(size: int) -> bytes:
    """A new event, padded with spaces to a size in bytes."""
    return body_of(event()).ljust(size)


CHUNKED = "Transfer-Encoding: chunked"


@pytest.mark.parametrize("size", [300, LIMIT])
def test_accepted(server: Server, size: int) -> None:
    """Up to exactly the limit, in both framings, a delivery is stored."""
    before, plain, chunked = server.position, padded(size), padded(size)

    assert server.send(head(plain, length(plain)), plain) == 200
    assert server.send(head(chunked, CHUNKED), chunks(chunked, 1000)) == 200
    assert server.position == before + 2


@pytest.mark.parametrize("size", [LIMIT + 1, 10_000_000])
def test_too_large(server: Server, size: int) -> None:
    """Beyond it: a 413, or a reset while a large body is still being sent; nothing is written."""
    before, body = server.position, padded(size)

    allowed = {413} if size == LIMIT + 1 else {413, None}
    assert server.send(head(body, length(body)), body) in allowed
    assert server.send(head(body, CHUNKED), chunks(body)) in allowed
    assert server.position == before


def test_other_routes_get_their_body(server: Server) -> None:
    """A JSON body arrives at its route in both framings; one that is too large is refused."""
    body = b'{"url": "https://shop.example/hook", "types": ["order.paid"]}'
    lines = [
        "Host: localhost",
        "Content-Type: application/json",
        f"Authorization: Bearer {FULL_KEY}",
    ]

    def request(*framing: str) -> bytes:
        return "\r\n".join(["POST /v1/subscribers HTTP/1.1", *lines, *framing, "", ""]).encode()

    assert server.send(request(length(body)), body) == 201
    assert server.send(request(CHUNKED), chunks(body, 20)) == 201
    assert server.send(request("Content-Length: 0")) == 422
    large = body.ljust(2 * LIMIT)
    assert server.send(request(length(large)), large) in (413, None)


def test_both_framings(server: Server) -> None:
    """With a length and chunks, the chunked bytes count, or the request is refused."""
    body = padded(300)

    before = server.position
    status = server.send(head(body, "Content-Length: 3", CHUNKED), chunks(body))

    assert status in (200, 400)
    assert server.position == before + (status == 200)


def test_neither_framing(server: Server) -> None:
    """Without any length, the response is a 411."""
    body = padded(300)

    with appends(server, 0):
        assert server.send(head(body), body) == 411


def test_cut_off(server: Server) -> None:
    """A client that disconnects in the middle of a body leaves nothing behind."""
    before, body = server.position, padded(300)
    server.send(head(body, length(body)), body[:100], hang_up=True)
    server.send(head(body, CHUNKED), b"12c\r\n" + body[:100], hang_up=True)
    time.sleep(0.3)

    assert server.position == before


def test_two_signature_headers(server: Server) -> None:
    """Two signature headers arrive as one with two t, which is a 400."""
    body = padded(300)
    second = f"Stripe-Signature: {header(body, t=int(time.time()))}"

    with appends(server, 0):
        assert server.send(head(body, length(body), second), body) == 400


def test_header_that_is_no_text(server: Server) -> None:
    """A header whose bytes are no ASCII text is not taken for an absent one."""
    body = padded(300)
    request = head(body, length(body), "Content-Encoding: x").replace(b": x\r", b": \xe9\r")

    with appends(server, 0):
        assert server.send(request, body) == 415


def test_endless_header(server: Server) -> None:
    """A very long header is refused or the connection closed; nothing is written."""
    body = padded(300)
    with appends(server, 0):
        status = server.send(head(body, length(body), f"X-Long: {'x' * 1_000_000}"), body)

    assert status in (400, 431, None)


@pytest.mark.parametrize("host", ["evil.example", "<script>", "[::1", "a" * 300])
def test_evil_host(server: Server, host: str) -> None:
    """A wrong Host does not affect a signed delivery, or the server refuses it."""
    body = padded(300)
    request = head(body, length(body)).replace(b"Host: localhost", f"Host: {host}".encode())
    assert host.encode() in request
    before = server.position
    status = server.send(request, body)

    assert status in (200, 400)
    assert server.position == before + (status == 200)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "OPTIONS"])
def test_methods(server: Server, method: str) -> None:
    """Every method but POST is a 405."""
    with appends(server, 0):
        assert server.send(head(b"", "Content-Length: 0", method=method)) == 405


def test_empty(server: Server) -> None:
    """An empty body of a declared length of 0 is quarantined."""
    with appends(server, 1):
        assert server.send(head(b"", "Content-Length: 0")) == 200


def test_slow_senders(server: Server) -> None:
    """Slow bodies of other clients do not delay a delivery."""
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(6)]
    for connection in slow:
        connection.sendall(head(b"x" * 9000, "Content-Length: 9000") + b"x")
    body = padded(300)
    started = time.monotonic()

    assert server.send(head(body, length(body)), body) == 200
    assert time.monotonic() - started < 2
    for connection in slow:
        connection.close()
