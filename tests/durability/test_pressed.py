"""More than the store can take: a lock that is held too long, and a queue that is full."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import islice
from pathlib import Path

import pytest

from tests.cli.processes import eventually, serving
from tests.databases import on_postgresql, on_sqlite
from tests.durability.locks import locked
from tests.durability.proof import prove
from tests.durability.traffic import FORGED, Line, Reply, Traffic, bodies, post

pytestmark = pytest.mark.slow


def test_locked_too_long(ledger_url: str, tmp_path: Path) -> None:
    """Beyond the timeout everybody who waits is sent back; afterwards each retry is stored."""
    with serving(ledger_url, tmp_path, LEDGER_LOCK_TIMEOUT_MS="500") as server:
        with Traffic([server.port]) as traffic:
            traffic.goes_on(20)
            with locked(ledger_url):
                eventually(lambda: traffic.seen(503) > 30, "503")
                before = traffic.seen(200)
                assert post(server.port, next(bodies())[1], secret=FORGED).status == 400
                assert server.status("/readyz") == 200
                assert traffic.seen(200) == before
            traffic.goes_on(20)
        traffic.complete()

        assert traffic.statuses[0] == 0
        prove(ledger_url, traffic)


@on_postgresql
def test_a_full_queue(ledger_url: str, tmp_path: Path) -> None:
    """Those beyond the limit are sent back while the others still wait, and these are stored."""
    deliveries = dict(islice(bodies(), 40))
    with serving(ledger_url, tmp_path, LEDGER_QUEUE_MAX="4") as server:
        traffic = Traffic([server.port], threads=0)
        traffic.sent.update(deliveries)
        with ThreadPoolExecutor(len(deliveries)) as pool:
            with locked(ledger_url):
                posted = {
                    event_id: pool.submit(post, server.port, sent)
                    for event_id, sent in deliveries.items()
                }
                shed = wait(posted.values(), timeout=2).done
            for event_id, reply in posted.items():
                traffic.note(event_id, reply.result())

        assert shed
        assert {(reply.result().status, reply.result().retry_after) for reply in shed} == {
            (503, "5")
        }
        assert traffic.statuses[0] == 0
        traffic.complete()
        prove(ledger_url, traffic)


@on_postgresql
def test_gone_before_the_answer(ledger_url: str, tmp_path: Path) -> None:
    """Who hangs up while the append waits finds the event as a duplicate the next time."""
    event_id, sent = next(bodies())
    with serving(ledger_url, tmp_path) as server:
        traffic = Traffic([server.port], threads=0)
        traffic.sent[event_id] = sent
        with locked(ledger_url):
            line = Line(server.port, seconds=0.5)
            assert line.post(sent) == Reply(0)
            line.close()
        eventually(lambda: len(server.get("/v1/events")["data"]) == 1, "it is stored")
        reply = post(server.port, sent)
        traffic.note(event_id, reply)

        assert reply.body["status"] == "duplicate"
        prove(ledger_url, traffic)


@on_sqlite
def test_all_threads_wait(ledger_url: str, tmp_path: Path) -> None:
    """With more deliveries than threads before a locked store, the forged still get their 400."""
    with serving(ledger_url, tmp_path, LEDGER_THREADS="8") as server:
        with Traffic([server.port], threads=24) as traffic:
            traffic.goes_on(20)
            with locked(ledger_url):
                time.sleep(1)
                assert post(server.port, next(bodies())[1], secret=FORGED).status == 400
            traffic.goes_on(20)
        traffic.complete()

        assert traffic.statuses[0] == 0
        prove(ledger_url, traffic)
