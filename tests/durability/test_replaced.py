"""Single processes killed under load: each is replaced, and no orphan stays."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import psutil
import pytest

from api.serve.address import listen
from tests.cli.processes import Server, eventually, serving
from tests.databases import on_sqlite
from tests.durability.locks import locked
from tests.durability.processes import wait_for_end
from tests.durability.proof import prove
from tests.durability.traffic import Traffic

pytestmark = pytest.mark.slow

WORKER, FOLLOWER, WEB = "spawn_main", "api.serve.follower", "api.serve.web"


def is_replaced(server: Server, mark: str, killed: int) -> bool:
    """Whether another process does the work of a killed one."""
    try:
        return server.process_of(mark).pid != killed
    except (ValueError, psutil.Error):  # none yet, or the killed one is a zombie
        return False


@on_sqlite
def test_each_is_replaced(ledger_url: str, tmp_path: Path) -> None:
    """Worker, follower and web server, killed in turn under load, are replaced; nothing is lost."""
    with serving(ledger_url, tmp_path, TMPDIR=str(tmp_path)) as server:
        with Traffic([server.port]) as traffic:
            for mark in (WORKER, FOLLOWER, WEB):
                traffic.wait_for_more(20)
                killed = server.process_of(mark)
                dead = [killed, *killed.children()]
                killed.kill()
                wait_for_end(dead)
                eventually(partial(is_replaced, server, mark, killed.pid), f"{mark} is back")
            traffic.wait_for_more(20)
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
    """After SIGKILL of the supervisor its children end by themselves, and a new one starts."""
    with serving(ledger_url, tmp_path, TMPDIR=str(tmp_path)) as server:
        with Traffic([server.port]) as traffic:
            traffic.wait_for_more(20)
            family = server.family()
            if busy:
                with locked(ledger_url):
                    time.sleep(0.5)
                    server.process.kill()
                    wait_for_end(family)
            else:
                server.process.kill()
                wait_for_end(family)
            listen("127.0.0.1", server.port).close()
            server.process.wait()
            server.output.close()
            server.start()
            traffic.wait_for_more(20)
        traffic.complete()

        prove(ledger_url, traffic)
