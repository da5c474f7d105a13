"""`ledger serve` as a real process: it works, drains, heals, and leaves nobody behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.cli.processes import (
    LEDGER,
    SECRET,
    Server,
    environment,
    eventually,
    free_port,
    ledger,
    sample_event,
    serving,
)
from tests.servers import own_postgres

pytestmark = pytest.mark.slow


def orders(server: Server) -> int:
    return len(server.get("/v1/orders")["data"])


def test_takes_events_and_answers(store_url: str, tmp_path: Path) -> None:
    """An event that is posted shows as an order soon after, and a second time as a duplicate."""
    event = sample_event()
    with serving(store_url, tmp_path) as server:
        assert server.post(event) == "stored"
        assert server.post(event) == "duplicate"
        eventually(lambda: orders(server) == 1, "the order shows")

        assert server.end() == 0
        assert f"listens on http://127.0.0.1:{server.port}" in server.said()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_drains_before_it_ends(tmp_path: Path, number: signal.Signals) -> None:
    """Asked to end it says so at /readyz first, takes no events, and exits with 0 after a while."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with serving(url, tmp_path, LEDGER_DRAIN_SECONDS="3") as server:
        # Ctrl-C reaches everybody in the terminal's foreground, SIGTERM the supervisor alone.
        send = os.killpg if number == signal.SIGINT else os.kill
        send(server.process.pid, number)
        eventually(lambda: server.status("/readyz") == 503, "not ready")

        assert server.status("/livez") == 200
        assert server.process.wait(20) == 0
        assert server.status("/livez") == 0


def test_a_second_signal_is_heard(tmp_path: Path) -> None:
    """Whoever asks twice does not wait for the draining."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with serving(url, tmp_path, LEDGER_DRAIN_SECONDS="600") as server:
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: server.status("/readyz") == 503, "not ready")

        assert server.end() == 0


@pytest.mark.parametrize("mark", ["api.serve.web", "api.serve.follower", "spawn_main"])
def test_the_dead_are_replaced(store_url: str, tmp_path: Path, mark: str) -> None:
    """A killed server, follower or worker has a successor, and its work goes on."""
    with serving(store_url, tmp_path) as server:
        killed = server.one(mark)
        dead = [killed, *killed.children(recursive=True)]
        killed.kill()
        assert psutil.wait_procs(dead, timeout=15)[1] == []
        eventually(lambda: server.status("/readyz") == 200, "ready again")
        before = orders(server)
        server.post()
        eventually(lambda: orders(server) == before + 1, "the order shows")

        assert server.one(mark).pid != killed.pid


def test_waits_for_a_database_that_is_away(tmp_path: Path) -> None:
    """While PostgreSQL is down it is not ready; when it is back all goes on, without a restart."""
    with own_postgres() as postgres:
        url = postgres.url(postgres.create_database())
        with serving(url, tmp_path) as server:
            worker = server.one("spawn_main")
            postgres.kill()
            eventually(lambda: server.status("/readyz") == 503, "not ready")
            postgres.start()
            eventually(lambda: server.status("/readyz") == 200, "ready again")
            server.post()
            eventually(lambda: orders(server) == 1, "the order shows")

            assert server.one("spawn_main") == worker
            assert server.end() == 0


def test_follows_without_a_web_server(store_url: str, tmp_path: Path) -> None:
    """`ledger follow` draws the conclusions by itself and ends with 0 when asked to."""
    environ = environment(LEDGER_DATABASE_URL=store_url)
    follower = subprocess.Popen([*LEDGER, "follow"], cwd=tmp_path, env=environ)
    (tmp_path / "event.jsonl").write_text(json.dumps(sample_event()))
    ledger("import", "event.jsonl", cwd=tmp_path, LEDGER_DATABASE_URL=store_url)

    def is_caught_up() -> bool:
        said = ledger("status", "--json", cwd=tmp_path, LEDGER_DATABASE_URL=store_url)
        states = json.loads(said.stdout)["projections"] if said.returncode == 0 else []
        return {state["position"] for state in states} == {1}

    try:
        eventually(is_caught_up, "the event is read")
        follower.send_signal(signal.SIGTERM)

        assert follower.wait(15) == 0
    finally:
        follower.kill()


def test_nobody_outlives_the_supervisor(tmp_path: Path) -> None:
    """After kill -9 of the supervisor all its processes are gone, and the port is free."""
    with serving(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path) as server:
        family = server.family()
        server.process.kill()
        gone, alive = psutil.wait_procs(family, timeout=15)

        assert len(gone) >= 3
        assert alive == []
        assert server.status("/livez") == 0


def test_metrics_elsewhere(tmp_path: Path) -> None:
    """With an address of their own, metrics are there, and only they."""
    port = free_port()
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with serving(url, tmp_path, LEDGER_METRICS_ADDRESS=f"127.0.0.1:{port}") as server:
        elsewhere = Server(url, tmp_path, port=port)
        eventually(lambda: elsewhere.status("/metrics") == 200, "metrics are up")

        assert elsewhere.status("/v1/orders") == 404
        assert server.status("/metrics") == 404


def test_several_workers_add_up(tmp_path: Path) -> None:
    """Counters are those of all workers together, whichever is asked."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with serving(url, tmp_path, LEDGER_WORKERS="2") as server:
        for _ in range(10):
            server.post()

        # The worker that is not asked adds its counts up to a twentieth of a second later.
        expected = 'ledger_deliveries_total{outcome="stored",reason=""} 10.0'
        eventually(lambda: expected in server.text("/metrics"), "all are counted")


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    """A second server on the same port says so in one line and ends with 1."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with serving(url, tmp_path) as server:
        second = subprocess.run(
            [*LEDGER, "serve", "--port", str(server.port)],
            env=environment(LEDGER_DATABASE_URL=url, STRIPE_WEBHOOK_SECRET=SECRET),
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )

    assert second.returncode == 1
    assert "something listens there" in second.stderr
    assert len(second.stderr.splitlines()) == 1


def test_six_at_once_on_an_empty_database(store_url: str, tmp_path: Path) -> None:
    """Processes that make the tables at the same time make one set of them, without an error."""
    processes = [
        subprocess.Popen(
            [*LEDGER, "keys", "create"],
            env=environment(LEDGER_DATABASE_URL=store_url),
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for _ in range(6)
    ]

    assert [process.communicate()[1].count(b"Error") for process in processes] == [0] * 6
    assert [process.returncode for process in processes] == [0] * 6
