"""README's first steps: the commands that `scripts/run` prints, run as they are printed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.serve.address import answers, free_port
from tests.cli.processes import environment, eventually
from tests.structure.modules import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl"),
]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A directory like a clone after `scripts/setup`, with settings and a log of its own."""
    for name, target in {"scripts": ROOT / "scripts", ".venv": Path(sys.prefix)}.items():
        (tmp_path / name).symlink_to(target)
    return tmp_path


@contextmanager
def running(command: str, cwd: Path, output: Path) -> Iterator[None]:
    """A command of the shell, in a terminal of its own; Ctrl-C ends it."""
    with output.open("wb") as file:
        process = subprocess.Popen(
            ["sh", "-c", command],
            cwd=cwd,
            env=environment(),
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=60)


def output_of(command: str, cwd: Path) -> str:
    """What a command of the shell prints; it must succeed."""
    result = subprocess.run(
        ["sh", "-c", command],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_newcomer_hears_of_an_order(
    clone: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A payment is posted and listed; the next one is heard of when it is paid, and once."""
    elsewhere = tmp_path_factory.mktemp("terminal")
    serving, listening = elsewhere / "serve.log", elsewhere / "listen.log"
    number = free_port()
    port = f"--port {number}"
    # What scripts/run does once it has installed.
    run = f".venv/bin/python -m scripts.helpers.development {port} && .venv/bin/ledger serve {port}"
    with running(run, clone, serving):
        eventually(lambda: answers("127.0.0.1", number), "it serves")
        post, query, listen, rebuild = printed(serving)
        [id] = re.findall(r"The order is (\S+)\.", output_of(post, elsewhere))
        # Rows follow the log a moment later.
        eventually(lambda: '"paid"' in output_of(query, elsewhere), "the order is listed as paid")
        [order] = json.loads(output_of(query, elsewhere))["data"]
        # Whatever else uses the port.
        with running(listen.replace("listen", "listen --port 0"), elsewhere, listening):
            eventually(lambda: "Listening on" in listening.read_text("utf-8"), "it listens")
            [second] = re.findall(r"The order is (\S+)\.", output_of(post, elsewhere))
            eventually(lambda: "order.paid" in listening.read_text("utf-8"), "it is heard of")
        output_of(rebuild, elsewhere)

    assert (order["id"], order["status"]) == (id, "paid")
    lines = [line for line in listening.read_text("utf-8").splitlines() if "order.paid" in line]
    assert len(lines) == 1
    assert re.fullmatch(rf"order\.paid {second} paid \d+ [a-z]{{3}} ntf_\S+", lines[0])


def printed(serving: Path) -> list[str]:
    """The commands that were printed."""
    lines = serving.read_text("utf-8").splitlines()
    return [line.strip() for line in lines if line.startswith("    ")]
