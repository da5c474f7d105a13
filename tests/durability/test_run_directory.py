"""The directory that the processes of a run share: others clean up there, and share it."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from api.serve.run import Run
from tests.cli.processes import Server, eventually, serving
from tests.databases import on_sqlite

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def stored(server: Server) -> int:
    """How many deliveries the metrics count as stored."""
    counter = re.escape('ledger_deliveries_total{outcome="stored",reason=""}')
    values = re.findall(rf"^{counter} (\d+)", server.text("/metrics"), re.MULTILINE)
    return sum(map(int, values))


@pytest.mark.slow
@on_sqlite
def test_a_directory_that_is_removed(ledger_url: str, tmp_path: Path) -> None:
    """Metrics answer and count again, a worker that dies is replaced, and the end is orderly."""
    with serving(ledger_url, tmp_path) as server:
        worker = server.process_of("spawn_main")
        directory = Path(worker.environ()[VARIABLE])
        for _ in range(2):
            shutil.rmtree(directory)
            assert server.status("/metrics") == 200
            server.post()
            eventually(lambda: stored(server) > 0, "deliveries are counted")
        shutil.rmtree(directory)
        worker.kill()
        eventually(lambda: server.status("/readyz") == 200, "it is replaced")
        server.post()
        eventually(lambda: stored(server) > 0, "the new worker counts")
        shutil.rmtree(directory)

        assert server.end() == 0
        assert "Traceback" not in server.output_text()
        assert not directory.exists()


@pytest.fixture
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where runs make their directories, for one test alone."""
    monkeypatch.setattr("api.serve.run._parent_directory", lambda: tmp_path)
    monkeypatch.setenv(VARIABLE, "restored afterwards")
    return tmp_path


def test_what_lives_is_not_swept(parent: Path) -> None:
    """A directory is removed when nobody holds its lock; the process id of its owner says nothing.

    In another container's directory that id is of another process, or of none.
    """
    living = parent / "ledger-run-4194304-x"
    living.mkdir()
    descriptor = os.open(living, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    abandoned = parent / f"ledger-run-{os.getpid()}-x"
    abandoned.mkdir()
    with closing(Run()) as first, closing(Run()) as second:
        assert {first.directory, second.directory, living} == set(parent.iterdir())
    os.close(descriptor)

    assert list(parent.iterdir()) == [living]


def test_a_directory_made_again_is_locked_again(parent: Path) -> None:
    """The supervisor makes it again, and other starts leave the new one alone too."""
    with closing(Run()) as run:
        run.directory.rmdir()
        run.keep()
        with closing(Run()):
            assert run.directory.exists()
