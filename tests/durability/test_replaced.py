"""Single processes killed under load: each has a successor, and no orphan stays."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import psutil
import pytest

from api.serve.address import claim
from tests.cli.processes import Server, eventually, serving
from tests.databases import on_sqlite
from tests.durability.locks import locked
from tests.durability.processes import all_gone
from tests.durability.proof import prove
from tests.durability.traffic import Traffic

pytestmark = pytest.mark.slow

WORKER, FOLLOWER, WEB = "spawn_main", "api.serve.follower", "api.serve.web"


def successor(server: Server, mark: str, killed: int) -> bool:
    """Whether there is another one by now."""
    try:
        return server.process_of(mark).pid != killed
    except (ValueError, psutil.Error):  # none yet, or somebody is just being buried
        return False


@on_sqlite
def test_each_is_replaced(ledger_url: str, tmp_path: Path) -> None:
    """Worker, follower and server, killed one after the other under load, cost no event."""
    with serving(ledger_url, tmp_path, TMPDIR=str(tmp_path)) as server:
        with Traffic([server.port]) as traffic:
            for mark in (WORKER, FOLLOWER, WEB):
                traffic.goes_on(20)
                killed = server.process_of(mark)
                dead = [killed, *killed.children()]
                killed.kill()
                all_gone(dead)
                eventually(partial(successor, server, mark, killed.pid), f"{mark} is back")
            traffic.goes_on(20)
        traffic.complete()

        prove(ledger_url, traffic)
        assert server.end() == 0


@pytest.mark.parametrize(
    ("ledger_url", "busy"),
    [("sqlite", False), ("sqlite", True), ("postgresql", True)],
    ids=["working", "waiting for SQLite's lock", "waiting for PostgreSQL's lock"],
    indirect=["ledger_url"],
)
def test_orphans_end(ledger_url: str, tmp_path: Path, busy: bool) -> None:
    """After kill -9 of the supervisor its children end by themselves, and a successor starts."""
    with serving(ledger_url, tmp_path, TMPDIR=str(tmp_path)) as server:
        with Traffic([server.port]) as traffic:
            traffic.goes_on(20)
            family = server.family()
            if busy:
                with locked(ledger_url):
                    time.sleep(0.5)
                    server.process.kill()
                    all_gone(family)
            else:
                server.process.kill()
                all_gone(family)
            claim("127.0.0.1", server.port)
            server.process.wait()
            server.output.close()
            server.start()
            traffic.goes_on(20)
        traffic.complete()

        prove(ledger_url, traffic)
