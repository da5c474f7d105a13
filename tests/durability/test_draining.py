"""SIGTERM under load: each accepted request is answered, and what was acknowledged is stored."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path

import pytest

from api.demo.client import WEBHOOK_PATH
from api.serve.address import accepts_connections
from api.simulator import sign
from api.simulator.signing import SIGNATURE_HEADER
from tests.cli.processes import DEADLINE_SECONDS, SECRET, eventually, serving
from tests.databases import on_postgresql, on_sqlite
from tests.durability.locks import locked
from tests.durability.proof import entries, opened, prove
from tests.durability.traffic import Traffic, bodies, post

pytestmark = pytest.mark.slow


@on_sqlite
def test_sigterm_under_load(ledger_url: str, tmp_path: Path) -> None:
    """It is not ready, takes deliveries until it closes, ends with code 0, and loses nothing."""
    with serving(ledger_url, tmp_path, LEDGER_DRAIN_SECONDS="2", LEDGER_WORKERS="2") as server:
        with Traffic([server.port]) as traffic:
            traffic.wait_for_more(50)
            server.process.send_signal(signal.SIGTERM)
            eventually(lambda: server.status("/readyz") == 503, "not ready")
            assert server.status("/livez") == 200
            traffic.wait_for_more(50)
            assert server.process.wait(DEADLINE_SECONDS) == 0
        assert traffic.count(503) == 0
        server.output.close()

        server.start()
        traffic.complete()
        prove(ledger_url, traffic)


@on_sqlite
def test_a_request_in_progress(ledger_url: str, tmp_path: Path) -> None:
    """A delivery whose body is on its way is taken; whoever connects meanwhile is refused."""
    _, sent = next(bodies())
    with serving(ledger_url, tmp_path) as server:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE_SECONDS)
        connection.putrequest("POST", WEBHOOK_PATH)
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(sent)))
        connection.putheader(SIGNATURE_HEADER, sign(sent, SECRET, int(time.time())))
        connection.endheaders(sent[:100])
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: not accepts_connections("127.0.0.1", server.port), "refused")
        assert server.process.poll() is None
        connection.send(sent[100:])

        assert connection.getresponse().status == 200
        connection.close()
        assert server.process.wait(DEADLINE_SECONDS) == 0


@on_postgresql
def test_who_waits_is_answered(ledger_url: str, tmp_path: Path) -> None:
    """Requests that wait for the database when the server stops are answered truthfully."""
    deliveries = list(islice(bodies(), 20))
    with serving(ledger_url, tmp_path, LEDGER_DRAIN_SECONDS="1") as server:
        with ThreadPoolExecutor(len(deliveries)) as pool:
            with locked(ledger_url):
                answers = [pool.submit(post, server.port, sent) for _, sent in deliveries]
                time.sleep(0.5)
                server.process.send_signal(signal.SIGTERM)
                time.sleep(1.5)
            replies = [answer.result() for answer in answers]
        assert server.process.wait(DEADLINE_SECONDS) == 0

    with opened(ledger_url) as (ledger, _):
        log = {entry.event_id: entry.position for entry in entries(ledger)}
    assert {reply.status for reply in replies} <= {200, 503}
    acknowledged = {
        event_id: reply.body["position"]
        for (event_id, _), reply in zip(deliveries, replies, strict=True)
        if reply.status == 200
    }
    assert acknowledged
    assert acknowledged.items() <= log.items()
