"""PostgreSQL is killed or hangs under load: 503 meanwhile, nothing lost, and no restart of ours."""

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
from tests.durability.processes import all_gone
from tests.durability.proof import prove
from tests.durability.traffic import FORGED, Traffic, bodies, post
from tests.servers import PostgresServer, own_postgres

pytestmark = pytest.mark.slow


def processes(postgres: PostgresServer) -> list[psutil.Process]:
    """The postmaster and its backends."""
    postmaster = psutil.Process(int((postgres.data / "postmaster.pid").read_text().split()[0]))
    return [postmaster, *postmaster.children()]


def kill_all(postgres: PostgresServer) -> None:
    """kill -9 of every process, in the middle of whatever it does."""
    all_processes = processes(postgres)
    for process in all_processes:
        # A backend may end by itself meanwhile.
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    all_gone(all_processes)


def refuses(server: Server, traffic: Traffic) -> None:
    """What is genuine is sent back for later, what is forged is refused for good."""
    before = traffic.seen(503)
    eventually(lambda: traffic.seen(503) > before, "503")
    assert post(server.port, next(bodies())[1], secret=FORGED).status == 400
    eventually(lambda: server.status("/readyz") == 503, "not ready")


@contextmanager
def worked(postgres: PostgresServer, cwd: Path) -> Iterator[tuple[Server, Traffic]]:
    """A ledger under load, of which everything has to be true after the block."""
    url = postgres.url(postgres.create_database())
    with serving(url, cwd) as server:
        worker, follower = server.process_of("spawn_main"), server.process_of("api.serve.follower")
        with Traffic([server.port]) as traffic:
            traffic.goes_on()
            yield server, traffic
            traffic.goes_on()
        traffic.complete()

        assert traffic.statuses[0] == 0
        assert worker in server.family()
        assert follower in server.family()
        prove(url, traffic)
        assert server.end() == 0


def test_killed_and_started_again(tmp_path: Path) -> None:
    """Whether the postmaster dies alone or with all its backends, every delivery is answered."""
    with own_postgres() as postgres, worked(postgres, tmp_path) as (server, traffic):
        for kill in (postgres.kill, lambda: kill_all(postgres), lambda: kill_all(postgres)):
            traffic.goes_on(50)
            kill()
            refuses(server, traffic)
            postgres.start()


def test_hangs_and_goes_on(tmp_path: Path) -> None:
    """A database that only stopped answering is no reason to keep anybody waiting."""
    with own_postgres() as postgres, worked(postgres, tmp_path) as (server, traffic):
        stopped = processes(postgres)
        for each in stopped:
            each.send_signal(signal.SIGSTOP)
        try:
            before = traffic.seen(503)
            eventually(lambda: traffic.seen(503) > before, "503")
            assert post(server.port, next(bodies())[1], secret=FORGED).status == 400
            assert server.status("/livez") == 200
            time.sleep(1)
        finally:
            for each in stopped:
                each.send_signal(signal.SIGCONT)
