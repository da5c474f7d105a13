"""A rebuild by a Dask cluster: the same rows, whichever of its workers dies."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from api.simulator import API_VERSIONS, STORIES, story
from ledger import ConfigurationError
from projections import Dask
from projections.drivers import crew
from tests.conftest import WithLedger
from tests.projections.histories import Store, rows
from tests.projections.payouts import spoil

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def filled(with_ledger: WithLedger) -> Iterator[tuple[Store, str]]:
    """Every story once, out of order, on PostgreSQL."""
    with with_ledger("postgresql") as url:
        store = Store.open(url)
        names = enumerate(sorted(STORIES))
        stories = [story(name, index=number, api_version=API_VERSIONS) for number, name in names]
        events = [event for each in stories for event in each.events]
        random.Random(7).shuffle(events)
        store.append(events)
        store.follow()
        assert store.rows() == rows(events)
        yield store, url
        store.close()


class Cluster:
    """A scheduler and two workers, each a process of its own; workers know the database by their
    environment."""

    def __init__(self, directory: Path, database_url: str, stack: ExitStack) -> None:
        self._directory, self._stack = directory, stack
        self._environ = {**os.environ, "LEDGER_DATABASE_URL": database_url}
        file = directory / "scheduler.json"
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                    "--scheduler-file", str(file))  # fmt: skip
        while not file.exists():
            time.sleep(0.05)
        self.address = next(
            part for part in file.read_text().split('"') if part.startswith("tcp://127")
        )
        self.workers = [self.start_worker(), self.start_worker()]
        deadline = time.monotonic() + 60
        while Dask(self.address).count < 2:
            assert time.monotonic() < deadline, "the workers did not join their scheduler"
            time.sleep(0.05)

    def start_worker(self) -> subprocess.Popen[bytes]:
        """One more worker."""
        return self._start("worker", self.address, "--nthreads", "1", "--no-nanny",
                           "--no-dashboard", "--host", "127.0.0.1")  # fmt: skip

    def _start(self, part: str, *arguments: str) -> subprocess.Popen[bytes]:
        log = self._stack.enter_context((self._directory / f"{part}.log").open("ab"))
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", f"distributed.cli.dask_{part}", *arguments],
            cwd=self._directory, env=self._environ, stdout=log, stderr=log,
        )  # fmt: skip
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process


@pytest.fixture
def cluster(
    filled: tuple[Store, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cluster]:
    """A cluster for the filled store, which does even what few events are."""
    monkeypatch.setattr(crew, "_WORTH_WORKERS", 0)
    with ExitStack() as stack:
        yield Cluster(tmp_path, filled[1], stack)


def test_a_cluster_rebuilds_though_a_worker_is_killed(
    filled: tuple[Store, str], cluster: Cluster
) -> None:
    """Its slices are done again by the other one, none is lost and none is done twice."""
    store, _ = filled
    living = store.living()
    spoil(store, "UPDATE {table} SET amount = 7")

    def kill_in_the_middle(_: str, done: int, total: int) -> None:
        if done > total // 3 and cluster.workers[0].poll() is None:
            cluster.workers[0].send_signal(signal.SIGKILL)

    store.projections.rebuild(
        workers=Dask(cluster.address), memory_mb=1, progress=kill_in_the_middle
    )

    assert cluster.workers[0].poll() == -signal.SIGKILL
    assert store.living() == living
    assert store.projections.check() == []


def test_killed_at_any_moment(filled: tuple[Store, str], cluster: Cluster) -> None:
    """Also while it computes or writes: whatever the moment, rows are those of before."""
    store, _ = filled
    living = store.living()
    for seed in range(2):
        victim = cluster.workers.pop(0)
        cluster.workers.append(cluster.start_worker())
        timer = threading.Timer(random.Random(seed).uniform(0.2, 2), victim.kill)
        timer.start()
        store.projections.rebuild(workers=Dask(cluster.address), memory_mb=1)
        timer.join()
        assert store.living() == living

    assert store.projections.check() == []


def test_no_scheduler_is_said(filled: tuple[Store, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none answers, one line says so, and nothing was begun."""
    store, _ = filled
    monkeypatch.setattr(crew, "_WORTH_WORKERS", 0)
    monkeypatch.setattr("projections.drivers.executors._PATIENCE", "0.5s")
    with pytest.raises(ConfigurationError, match="no Dask scheduler answers at tcp"):
        store.projections.rebuild(["payouts"], workers=Dask("tcp://127.0.0.1:9"))
    assert {state.status for state in store.projections.states()} == {"live"}
