"""Bodies that arrive slowly or break off: other deliveries go on, and half a body is ignored."""

from __future__ import annotations

import json
import socket
import struct
import time
from contextlib import ExitStack
from http.client import HTTPResponse
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from api.simulator import sign
from tests.cli.processes import SECRET, serving
from tests.databases import on_sqlite
from tests.durability.proof import prove
from tests.durability.traffic import Reply, Traffic, bodies

pytestmark = pytest.mark.slow

CLIENTS = 50
# A connection that is closed with this option sends a reset.
RESET = struct.pack("ii", 1, 0)


def head(sent: bytes, *, chunked: bool = False) -> bytes:
    """The head of a signed request, up to the first byte of its body."""
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(sent)}"
    lines = [
        "POST /webhooks/stripe HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Stripe-Signature: {sign(sent, SECRET, int(time.time()))}",
        framing,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def read_response(connection: socket.socket) -> Reply:
    """Read the response from a raw connection."""
    connection.settimeout(20)
    response = HTTPResponse(connection)
    response.begin()
    return Reply(response.status, response.headers["Retry-After"], json.loads(response.read()))


@on_sqlite
def test_a_byte_a_second(ledger_url: str, tmp_path: Path) -> None:
    """Fifty slow senders stop no other delivery, and are answered when they have sent all."""
    slow = list(islice(bodies(), CLIENTS))
    with serving(ledger_url, tmp_path) as server, ExitStack() as stack:
        connections = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in slow
        ]
        for connection, (_, sent) in zip(connections, slow, strict=True):
            connection.sendall(head(sent))
        with Traffic([server.port]) as traffic:
            for second in range(3):
                for connection, (_, sent) in zip(connections, slow, strict=True):
                    connection.sendall(sent[second : second + 1])
                traffic.wait_for_more(20)
                time.sleep(1)
            traffic.sent.update(slow)
            for connection, (event_id, sent) in zip(connections, slow, strict=True):
                connection.sendall(sent[3:])
                traffic.record(event_id, read_response(connection))
        traffic.complete()

        assert set(traffic.statuses) == {200}
        prove(ledger_url, traffic)


@on_sqlite
def test_broken_off(ledger_url: str, tmp_path: Path) -> None:
    """A sender that disconnects in the middle of a body, by close or reset, leaves no event."""
    rng = Random(4)
    with serving(ledger_url, tmp_path) as server:
        with Traffic([server.port]) as traffic:
            for index, (_, sent) in enumerate(islice(bodies(), 2 * CLIENTS)):
                cut = rng.choice([0, 1, rng.randrange(len(sent)), len(sent) - 1])
                with socket.create_connection(("127.0.0.1", server.port)) as connection:
                    if index % 2:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    chunked = index % 4 > 1
                    begun = b"%x\r\n" % len(sent) if chunked else b""
                    connection.sendall(head(sent, chunked=chunked) + begun + sent[:cut])
            traffic.wait_for_more(50)
        traffic.complete()

        assert set(traffic.statuses) == {200}
        prove(ledger_url, traffic)
