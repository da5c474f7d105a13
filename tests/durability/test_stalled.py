"""A thousand senders that stall, and a thousand connections without a request: others go on."""

from __future__ import annotations

import resource
import select
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from tests.cli.processes import Server, eventually, serving
from tests.databases import on_sqlite
from tests.durability.test_slow_bodies import head, read_response
from tests.durability.traffic import Connection, bodies, post

pytestmark = pytest.mark.slow

MANY = 1000
# More than the listener's backlog.
IDLE = 1100
ANSWER_SECONDS = 2.0
MEBIBYTE = 1 << 20


@contextmanager
def connected(server: Server, count: int) -> Iterator[list[socket.socket]]:
    """So many connections at once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2 * count + 256)), hard))
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 20))
            for _ in range(count)
        ]


def answered_meanwhile(server: Server, seconds: float) -> None:
    """Deliveries over new and over kept connections, and reads, are answered fast."""
    connection, events, times = Connection(server.port), bodies(), list[float]()
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        for deliver in (partial(post, server.port), connection.post):
            _, sent = next(events)
            started = time.monotonic()
            assert deliver(sent).status == 200
            assert server.status("/readyz") == 200
            times.append(time.monotonic() - started)
    connection.close()
    assert max(times) < ANSWER_SECONDS, sorted(times)[-5:]


def endings(connections: Sequence[socket.socket], seconds: float) -> Counter[bytes]:
    """How many connections were closed after which status, which is empty without a response.

    Those still open after so many seconds do not count.
    """
    ended: Counter[bytes] = Counter()
    received = {connection.fileno(): b"" for connection in connections}
    by_descriptor = {connection.fileno(): connection for connection in connections}
    poll = select.poll()
    for descriptor in received:
        poll.register(descriptor, select.POLLIN)
    deadline = time.monotonic() + seconds
    while received and (left := deadline - time.monotonic()) > 0:
        for descriptor, _ in poll.poll(1000 * left):
            try:
                chunk = by_descriptor[descriptor].recv(65536)
            except ConnectionError:
                chunk = b""
            received[descriptor] += chunk
            if not chunk:
                poll.unregister(descriptor)
                ended[received.pop(descriptor)[9:12]] += 1
    return ended


@on_sqlite
def test_a_thousand_stalled_bodies(ledger_url: str, tmp_path: Path) -> None:
    """Bodies that do not go on delay nobody, and get a 408 when their time is over."""
    _, sent = next(bodies())
    beginnings = [
        head(sent) + sent[:20],
        head(sent),
        head(sent, chunked=True) + b"%x\r\n" % len(sent) + sent[:20],
    ]
    with (
        serving(ledger_url, tmp_path, LEDGER_BODY_SECONDS="5") as server,
        connected(server, MANY) as connections,
    ):
        for index, connection in enumerate(connections):
            connection.sendall(beginnings[index % len(beginnings)])
        answered_meanwhile(server, 3)

        assert endings(connections, 10) == {b"408": MANY}
        # Lines are written a moment later.
        eventually(lambda: server.output_text().count("too_slow") == MANY, "all are logged")


@on_sqlite
def test_a_body_that_never_ends(ledger_url: str, tmp_path: Path) -> None:
    """The time is that of the whole body: a byte now and then does not prolong it."""
    _, sent = next(bodies())
    with (
        serving(ledger_url, tmp_path, LEDGER_BODY_SECONDS="2") as server,
        connected(server, 1) as [connection],
    ):
        connection.sendall(head(sent))
        started = time.monotonic()
        for byte in sent[:50]:
            connection.sendall(bytes([byte]))
            if select.select([connection], [], [], 0.1)[0]:
                break

        assert read_response(connection).status == 408
        assert 1.5 < time.monotonic() - started < 4


@on_sqlite
def test_a_thousand_idle_connections(ledger_url: str, tmp_path: Path) -> None:
    """Connections without a request delay nobody, and are closed when their time is over."""
    with (
        serving(ledger_url, tmp_path, LEDGER_IDLE_SECONDS="5") as server,
        connected(server, IDLE) as connections,
    ):
        for index, connection in enumerate(connections):
            if index % 3 == 1:
                connection.sendall(b"POST /webhooks/stripe HTTP/1.1\r\nHost: loc")
            elif index % 3 == 2:
                connection.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answered_meanwhile(server, 3)

        assert endings(connections, 15).total() == IDLE


@on_sqlite
def test_large_bodies_that_stall(ledger_url: str, tmp_path: Path) -> None:
    """What they have sent is held in memory, up to a limit; beyond it they get a 503 at once."""
    almost = b" " * (MEBIBYTE - 1)
    with (
        serving(ledger_url, tmp_path, LEDGER_BODY_SECONDS="30") as server,
        connected(server, 140) as connections,
    ):
        web = server.process_of("multiprocessing.spawn")
        memory = web.memory_info().rss
        for connection in connections:
            # One that is refused is no longer read.
            connection.settimeout(5)
            with suppress(OSError):
                connection.sendall(head(almost + b" ") + almost)
        answered_meanwhile(server, 1)

        assert 5 < endings(connections, 3).total() < 30
        assert web.memory_info().rss - memory < 300 * MEBIBYTE
