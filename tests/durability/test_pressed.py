"""Overload: a lock that is held too long, a full queue, and clients that do not wait."""

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
from tests.durability.traffic import FORGED, Connection, Reply, Traffic, bodies, post

pytestmark = pytest.mark.slow


def test_locked_too_long(ledger_url: str, tmp_path: Path) -> None:
    """Deliveries that wait longer than the timeout get a 503; afterwards each retry is stored."""
    with serving(ledger_url, tmp_path, LEDGER_LOCK_TIMEOUT_MS="500") as server:
        with Traffic([server.port]) as traffic:
            traffic.wait_for_more(20)
            with locked(ledger_url):
                eventually(lambda: traffic.count(503) > 30, "503")
                before = traffic.count(200)
                assert post(server.port, next(bodies())[1], secret=FORGED).status == 400
                assert server.status("/readyz") == 200
                assert traffic.count(200) == before
            traffic.wait_for_more(20)
        traffic.complete()

        assert traffic.statuses[0] == 0
        prove(ledger_url, traffic)


@on_postgresql
def test_a_full_queue(ledger_url: str, tmp_path: Path) -> None:
    """Deliveries beyond the limit get a 503 while the others wait, which are stored later."""
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
                traffic.record(event_id, reply.result())

        assert shed
        assert {(reply.result().status, reply.result().retry_after) for reply in shed} == {
            (503, "5")
        }
        assert traffic.statuses[0] == 0
        traffic.complete()
        prove(ledger_url, traffic)


@on_postgresql
def test_gone_before_the_answer(ledger_url: str, tmp_path: Path) -> None:
    """If a sender hangs up while its append waits, the event is stored; a retry is a duplicate."""
    event_id, sent = next(bodies())
    with serving(ledger_url, tmp_path) as server:
        traffic = Traffic([server.port], threads=0)
        traffic.sent[event_id] = sent
        with locked(ledger_url):
            connection = Connection(server.port, seconds=0.5)
            assert connection.post(sent) == Reply(0)
            connection.close()
        eventually(lambda: len(server.get("/v1/events")["data"]) == 1, "it is stored")
        reply = post(server.port, sent)
        traffic.record(event_id, reply)

        assert reply.body["status"] == "duplicate"
        prove(ledger_url, traffic)


@on_sqlite
def test_all_threads_wait(ledger_url: str, tmp_path: Path) -> None:
    """While deliveries wait in all threads for a locked database, a forged one gets its 400."""
    with serving(ledger_url, tmp_path, LEDGER_THREADS="8") as server:
        with Traffic([server.port], threads=24) as traffic:
            traffic.wait_for_more(20)
            with locked(ledger_url):
                time.sleep(1)
                assert post(server.port, next(bodies())[1], secret=FORGED).status == 400
            traffic.wait_for_more(20)
        traffic.complete()

        assert traffic.statuses[0] == 0
        prove(ledger_url, traffic)
