"""A rebuild in several processes: the same rows, and nothing left behind by whoever is killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor
from pathlib import Path

import psutil
import pytest

from api.simulator import API_VERSIONS, STORIES, story
from projections.drivers import crew
from projections.drivers.bulk import batch_size
from projections.drivers.executors import Processes
from projections.tables import row_store, writer
from projections.tables import store as component_store
from tests.projections.histories import Store, rows
from tests.projections.payouts import spoil

ROOT = Path(__file__).parents[2]


@pytest.fixture
def full_store(store: Store) -> Store:
    """Every third story once, out of order, followed in small steps."""
    names = enumerate(sorted(STORIES)[::3])
    stories = [story(name, index=number, api_version=API_VERSIONS) for number, name in names]
    events = [event for each in stories for event in each.events]
    random.Random(3).shuffle(events)
    store.append(events)
    while store.advance(50):
        pass
    assert store.rows() == rows(events)
    return store


def test_processes_give_the_same_rows(full_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many work side by side, rows are those of the follower, and every batch is theirs."""
    living, used = full_store.living(), set[int]()
    monkeypatch.setattr(crew, "_WORTH_WORKERS", 0)
    opened = Processes.open

    def open_pool(processes: Processes) -> Executor:
        used.add(processes.count)
        return opened(processes)

    monkeypatch.setattr(Processes, "open", open_pool)
    full_store.projections.rebuild(workers=Processes(3), memory_mb=1)

    assert full_store.living() == living
    assert used == {3}
    assert full_store.projections.check() == []


def test_processes_find_the_same_differences(
    full_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check by several processes is that of one."""
    monkeypatch.setattr(crew, "_WORTH_WORKERS", 0)
    two = Processes(2)
    assert list(full_store.projections.differences(workers=two, memory_mb=1)) == []
    spoil(full_store, "UPDATE {table} SET amount = 7")

    single, several = (
        list(full_store.projections.differences(workers=workers, memory_mb=1))
        for workers in (None, two)
    )

    assert single == several != []


def test_written_in_bulk(full_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes to the database by the thousand is what goes there by the piece."""
    living = full_store.living()
    monkeypatch.setattr(writer, "_COPY_MIN", 1)
    monkeypatch.setattr(component_store, "MANY", 0)
    monkeypatch.setattr(row_store, "MANY", 0)

    full_store.projections.rebuild()

    assert full_store.living() == living
    assert full_store.projections.check() == []


PROGRAM = """
import sys
from ledger import Ledger
from projections import Processes, Projections
from projections.drivers import crew
if __name__ == "__main__":
    crew._WORTH_WORKERS = 0
    projections = Projections.open(Ledger.open(sys.argv[1]))
    print("begins", flush=True)
    while True:
        projections.rebuild(workers=Processes(2), memory_mb=1)
        print("rebuilt", flush=True)
"""


@pytest.mark.parametrize("victim", ["parent", "worker"])
def test_killed(
    store_url: str, full_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, victim: str
) -> None:
    """kill -9 of the rebuild: the rows stay, and no process is left over. Of one of its workers: it
    goes on with others, and loses nothing."""
    living = full_store.living()
    program = tmp_path / "rebuilding.py"
    program.write_text(PROGRAM)
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, str(program), store_url],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        family = _workers(process.pid)
        time.sleep(random.uniform(0, 1))
        if victim == "worker":
            family[0].send_signal(signal.SIGKILL)
            assert process.stdout.readline() == "rebuilt\n"
            assert full_store.living() == living
            family += psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
        _, alive = psutil.wait_procs(family, timeout=10)

    assert alive == []
    assert full_store.living() == living
    monkeypatch.setattr("projections.tables.lease.REBUILD_SECONDS", -1)
    full_store.projections.rebuild()
    assert full_store.living() == living


def _workers(pid: int) -> list[psutil.Process]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        result = psutil.Process(pid).children(recursive=True)
        working = [single for single in result if "spawn_main" in " ".join(single.cmdline())]
        if len(working) == 2:
            return working
        time.sleep(0.02)
    raise AssertionError("no workers were started")


@pytest.mark.parametrize(
    ("memory_mb", "processes", "body_bytes", "events"),
    [(400, 1, 3_000, 20_000), (400, 2, 3_000, 12_500), (50, 1, 500_000, 100), (50, 2, 3_000, 1562)],
)
def test_slices_are_as_large_as_memory_allows(
    memory_mb: int, processes: int, body_bytes: int, events: int
) -> None:
    """What is held at a time follows from the memory, the processes and the size of bodies."""
    size = batch_size(memory_mb=memory_mb, processes=processes, body_bytes=body_bytes)

    assert size == events
