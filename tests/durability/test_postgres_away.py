"""PostgreSQL is killed or hangs under load: 503s meanwhile, nothing lost, no restart needed."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.cli.processes import Server, eventually, serving
from tests.durability.processes import wait_for_end
from tests.durability.proof import prove
from tests.durability.traffic import FORGED, Traffic, bodies, post
from tests.servers import PostgresServer, own_postgres

pytestmark = pytest.mark.slow


def processes(postgres: PostgresServer) -> list[psutil.Process]:
    """The postmaster and its backends."""
    postmaster = psutil.Process(int((postgres.data / "postmaster.pid").read_text().split()[0]))
    return [postmaster, *postmaster.children()]


def kill_all(postgres: PostgresServer) -> None:
    """Send SIGKILL to every process of the server."""
    all_processes = processes(postgres)
    for process in all_processes:
        # A backend may end by itself meanwhile.
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    wait_for_end(all_processes)


def check_refusals(server: Server, traffic: Traffic) -> None:
    """Check that genuine deliveries get a 503, forged ones a 400, and the server is not ready."""
    before = traffic.count(503)
    eventually(lambda: traffic.count(503) > before, "503")
    assert post(server.port, next(bodies())[1], secret=FORGED).status == 400
    eventually(lambda: server.status("/readyz") == 503, "not ready")


@contextmanager
def under_load(postgres: PostgresServer, cwd: Path) -> Iterator[tuple[Server, Traffic]]:
    """A ledger under load, which must work and have lost nothing after the block."""
    url = postgres.url(postgres.create_database())
    with serving(url, cwd) as server:
        worker, follower = server.process_of("spawn_main"), server.process_of("api.serve.follower")
        with Traffic([server.port]) as traffic:
            traffic.wait_for_more()
            yield server, traffic
            traffic.wait_for_more()
        traffic.complete()

        assert traffic.statuses[0] == 0
        assert worker in server.family()
        assert follower in server.family()
        prove(url, traffic)
        assert server.end() == 0


def test_killed_and_started_again(tmp_path: Path) -> None:
    """Every delivery is answered when the postmaster is killed, alone or with its backends."""
    with own_postgres() as postgres, under_load(postgres, tmp_path) as (server, traffic):
        for kill in (postgres.kill, lambda: kill_all(postgres), lambda: kill_all(postgres)):
            traffic.wait_for_more(50)
            kill()
            check_refusals(server, traffic)
            postgres.start()


def test_hangs_and_goes_on(tmp_path: Path) -> None:
    """While the database does not respond, deliveries get a 503 instead of waiting."""
    with own_postgres() as postgres, under_load(postgres, tmp_path) as (server, traffic):
        stopped = processes(postgres)
        for each in stopped:
            each.send_signal(signal.SIGSTOP)
        try:
            before = traffic.count(503)
            eventually(lambda: traffic.count(503) > before, "503")
            assert post(server.port, next(bodies())[1], secret=FORGED).status == 400
            assert server.status("/livez") == 200
            time.sleep(1)
        finally:
            for each in stopped:
                each.send_signal(signal.SIGCONT)
