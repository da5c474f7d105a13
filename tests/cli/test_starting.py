"""Starts that must fail, or must not: a taken address, strangers' code, broken children."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from api.serve.address import AddressTaken, free_port, listen
from tests.cli.processes import DEADLINE_SECONDS, LEDGER, SECRET, Server, environment, eventually

# The installed command, which is what people run: `python -m` would import from the directory.
COMMAND = (str(Path(sys.executable).with_name("ledger")),)


def start(cwd: Path, port: int, *, command: tuple[str, ...] = LEDGER, **settings: str) -> Server:
    """Start a server without waiting for it."""
    server = Server(f"sqlite:///{cwd / 'ledger.db'}", cwd, port=port)
    server.output = (cwd / "serve.log").open("ab")
    server.process = subprocess.Popen(
        [*command, "serve", "--port", str(port)],
        cwd=cwd,
        env=environment(
            **{
                "LEDGER_DATABASE_URL": server.database,
                "STRIPE_WEBHOOK_SECRET": SECRET,
                "LEDGER_DRAIN_SECONDS": "0",
                **settings,
            }
        ),
        stdout=server.output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    return server


def test_an_address_is_held_from_the_first_moment_on() -> None:
    """Nobody else can listen where a start has begun, also not as a worker of granian does."""
    with listen("127.0.0.1", port := free_port()):
        with pytest.raises(AddressTaken, match="choose another with LEDGER_METRICS_ADDRESS"):
            listen("127.0.0.1", port, setting="LEDGER_METRICS_ADDRESS")
        with pytest.raises(AddressTaken, match="something listens there"):
            listen("0.0.0.0", port)
    listen("127.0.0.1", port).close()


@pytest.mark.slow
def test_two_servers_at_once(tmp_path: Path) -> None:
    """Of two that start in the same moment, one serves and the other says why it does not."""
    port = free_port()
    servers = [start(tmp_path, port, LEDGER_DATABASE_URL=f"sqlite:///{n}.db") for n in range(2)]
    try:
        eventually(lambda: any(each.process.poll() is not None for each in servers), "one ends")
        [second] = [each for each in servers if each.process.poll() is not None]
        [first] = [each for each in servers if each is not second]
        eventually(lambda: first.status("/readyz") == 200, "the other serves")

        assert second.process.returncode == 1
        assert (tmp_path / "serve.log").read_text().count("something listens there") == 1
        assert first.end() == 0
    finally:
        for each in servers:
            each.process.kill()


@pytest.mark.slow
def test_metrics_where_the_api_listens(tmp_path: Path) -> None:
    """`LEDGER_METRICS_ADDRESS` must not be the API's: it would get some of the requests."""
    port = free_port()
    server = start(tmp_path, port, LEDGER_METRICS_ADDRESS=f"localhost:{port}")

    assert server.process.wait(DEADLINE_SECONDS) == 1
    [line] = (tmp_path / "serve.log").read_text().splitlines()
    assert "LEDGER_METRICS_ADDRESS" in line


@pytest.mark.slow
def test_nothing_is_imported_from_the_working_directory(tmp_path: Path) -> None:
    """A folder `api` and files named as modules are left alone by every process that is started."""
    mark = tmp_path / "executed"
    code = f"open({str(mark)!r}, 'a').write(__file__ + '\\n'); raise SystemExit(9)\n"
    (tmp_path / "api").mkdir()
    for name in ("api/__init__", "queue", "struct", "secrets", "multiprocessing", "granian"):
        (tmp_path / f"{name}.py").write_text(code)
    server = start(tmp_path, free_port(), command=COMMAND)
    try:
        eventually(lambda: server.status("/readyz") == 200, "it serves")
        assert server.post() == "stored"
        rebuilt = subprocess.run(
            [*COMMAND, "rebuild", "orders", "--processes", "2"],
            cwd=tmp_path,
            env=environment(LEDGER_DATABASE_URL=server.database),
            capture_output=True,
            text=True,
        )

        assert rebuilt.returncode == 0, rebuilt.stderr
        assert server.end() == 0
        assert not mark.exists(), mark.read_text()
    finally:
        server.process.kill()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["web", "follower"])
def test_a_child_that_cannot_start(tmp_path: Path, name: str) -> None:
    """It ends the server with one line that names it, instead of being restarted for ever."""
    broken = f"import os, sys\nif 'api.serve.{name}' in sys.orig_argv: os._exit(7)\n"
    (tmp_path / "sitecustomize.py").write_text(broken)
    server = start(tmp_path, free_port(), PYTHONPATH=str(tmp_path))

    assert server.process.wait(DEADLINE_SECONDS) == 1
    beginning = f"Error: the process {name} cannot start: it ended 3 times with status 7"
    last = (tmp_path / "serve.log").read_text().splitlines()[-1]
    assert last.startswith(beginning)
    assert server.status("/livez") == 0
