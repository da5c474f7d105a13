"""`ledger serve` and `ledger follow` as real processes, where nothing goes wrong.

What happens when processes or the database die, and under load, is in tests/durability.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.config.databases import create
from api.config.settings import Settings
from api.serve.address import free_port
from tests.cli.processes import (
    DEADLINE_SECONDS,
    LEDGER,
    SECRET,
    Server,
    environment,
    eventually,
    sample_event,
    serving,
)
from tests.cli.terminal import Terminal

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two web processes, for tests that neither stop nor configure it."""
    directory = tmp_path_factory.mktemp("server")
    settings = {"LEDGER_WORKERS": "2", "LEDGER_NOTIFIER": "true"}
    with serving(f"sqlite:///{directory / 'ledger.db'}", directory, **settings) as running:
        yield running


def test_an_event_becomes_an_order(server: Server) -> None:
    """An event that is posted shows as an order soon after, and a second time as a duplicate."""
    event = sample_event()

    assert server.post(event) == "stored"
    assert server.post(event) == "duplicate"
    eventually(lambda: event["data"]["object"]["id"] in order_ids(server), "the order shows")


def order_ids(server: Server) -> set[str]:
    return {order["id"] for order in server.get("/v1/orders?limit=100")["data"]}


def test_the_notifier_can_run_elsewhere(server: Server, tmp_path: Path) -> None:
    """`LEDGER_NOTIFIER=false`: none is started; else there is one."""
    assert server.process_of("api.serve.notifier").is_running()
    with serving(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path) as other:
        lines = [" ".join(process.cmdline()) for process in other.family()]

    assert lines and not any("notifier" in line for line in lines)


def test_several_workers_add_up(server: Server) -> None:
    """Counters are those of all workers together, whichever is asked."""
    before = stored(server)
    for _ in range(10):
        server.post()

    # The worker that is not asked adds its counts up to a twentieth of a second later.
    eventually(lambda: stored(server) == before + 10, "all are counted")


def stored(server: Server) -> int:
    """How many deliveries the metrics count as stored."""
    counter = re.escape('ledger_deliveries_total{outcome="stored",reason=""}')
    values = re.findall(rf"^{counter} (\d+)", server.text("/metrics"), re.MULTILINE)
    return sum(map(int, values))


def test_a_taken_port_is_reported(server: Server, tmp_path: Path) -> None:
    """A second server on the same port says so in one line and ends with 1."""
    second = subprocess.run(
        [*LEDGER, "serve", "--port", str(server.port)],
        env=environment(LEDGER_DATABASE_URL=server.database, STRIPE_WEBHOOK_SECRET=SECRET),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert second.returncode == 1
    assert "something listens there" in second.stderr
    assert len(second.stderr.splitlines()) == 1


def test_it_announces_its_address(tmp_path: Path) -> None:
    """It prints where it listens and what it runs, even if it is stopped as soon as it is ready."""
    with serving(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path) as server:
        assert server.end() == 0
        assert f"listens on http://127.0.0.1:{server.port}" in server.output_text()
        assert "(1 web, 1 follower, 0 notifier)" in server.output_text()


def test_ctrl_c_drains_and_a_second_one_ends_it(tmp_path: Path) -> None:
    """At first only /readyz fails; a second signal ends the draining at once, with code 0."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with serving(url, tmp_path, LEDGER_DRAIN_SECONDS="600") as server:
        # Ctrl-C reaches every process in the terminal's foreground.
        os.killpg(server.process.pid, signal.SIGINT)
        eventually(lambda: server.status("/readyz") == 503, "not ready")

        assert server.status("/livez") == 200
        assert server.end() == 0
        assert server.status("/livez") == 0


def test_metrics_on_another_address(tmp_path: Path) -> None:
    """With an address of their own, metrics are there, and nothing else."""
    port = free_port()
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with serving(url, tmp_path, LEDGER_METRICS_ADDRESS=f"127.0.0.1:{port}") as server:
        metrics = Server(url, tmp_path, port=port)
        eventually(lambda: metrics.status("/metrics") == 200, "metrics are up")

        assert metrics.status("/v1/orders") == 404
        assert server.status("/metrics") == 404


def test_follow_without_a_web_server(tmp_path: Path) -> None:
    """`ledger follow` on a ledger that exists projects what is appended, and ends with 0."""
    terminal = Terminal(f"sqlite:///{tmp_path / 'ledger.db'}")
    terminal.ok("import", "/dev/null")
    environ = environment(LEDGER_DATABASE_URL=terminal.url)
    follower = subprocess.Popen([*LEDGER, "follow"], cwd=tmp_path, env=environ)

    def positions() -> set[int]:
        return {state["position"] for state in terminal.read("status")["projections"]}

    try:
        Path("event.jsonl").write_text(json.dumps(sample_event()))
        terminal.ok("import", "event.jsonl")
        eventually(lambda: positions() == {1}, "the event is projected")
        follower.send_signal(signal.SIGTERM)

        assert follower.wait(15) == 0
    finally:
        follower.kill()


def test_six_at_once_on_an_empty_database(store_url: str) -> None:
    """Processes that create the tables at the same time create one set of them, without error."""
    settings = Settings.read({"LEDGER_DATABASE_URL": store_url})
    # Forked from one process that has loaded the ledger: they begin in the same moment.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([create.__module__])
    processes = [context.Process(target=create, args=(settings,)) for _ in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(DEADLINE_SECONDS)

    assert [process.exitcode for process in processes] == [0] * 6
    assert Terminal(store_url).read("status")["log"]["position"] == 0
