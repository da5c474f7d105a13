"""`ledger export -o`: the last good export stays whole, whatever happens to the next one."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ledger import Ledger
from tests.cli.processes import LEDGER, environment, eventually
from tests.cli.terminal import Terminal
from tests.conftest import FreshDatabase
from tests.durability.test_disk_full import small_disk
from tests.ledger.deliveries import body, delivered

ROOT = Path(__file__).parents[2]
GOOD = b"the last good export\n"


@pytest.fixture
def large(fresh_database: FreshDatabase) -> str:
    """A ledger of 40 MB, so that its export takes a while."""
    url = fresh_database("sqlite")
    ledger = Ledger.open(url, create=True)
    padding = {"text": "x" * 20_000}
    for start in range(0, 2000, 200):
        numbers = range(start, start + 200)
        ledger.append([delivered(body(number, metadata=padding)) for number in numbers])
    ledger.close()
    return url


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """An export that is there already."""
    path = tmp_path / "backups" / "log.jsonl"
    path.parent.mkdir()
    path.write_bytes(GOOD)
    return path


def exporting(url: str, path: Path) -> subprocess.Popen[bytes]:
    """An export that has begun to write."""
    process = subprocess.Popen(
        [*LEDGER, "export", "-o", str(path)],
        env=environment(LEDGER_DATABASE_URL=url),
        stderr=subprocess.PIPE,
    )
    eventually(lambda: process.poll() is not None or parts(path), "it has begun")
    assert process.poll() is None
    return process


def parts(path: Path) -> list[Path]:
    return [part for part in path.parent.glob(f".{path.name}.*") if part.stat().st_size > 0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_export_leaves_the_last_good_one(
    large: str, good: Path, number: signal.Signals
) -> None:
    """Only a process that was killed leaves its part behind, under another name."""
    process = exporting(large, good)
    process.send_signal(number)
    process.communicate()

    assert process.returncode != 0
    assert good.read_bytes() == GOOD
    assert bool(parts(good)) is (number == signal.SIGKILL)


def test_a_full_disk_leaves_the_last_good_export(large: str) -> None:
    """The error is one line, and the disk has its space again."""
    with small_disk(8) as disk:
        path = disk / "log.jsonl"
        path.write_bytes(GOOD)
        result = Terminal(large).run("export", "-o", str(path))

        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
        assert "No space left" in result.stderr
        assert path.read_bytes() == GOOD
        assert list(disk.iterdir()) == [path]


def test_a_whole_export_replaces_the_last_one(shared_terminal: Terminal, good: Path) -> None:
    """It is readable by its owner alone, ends with its end, and nothing else is left."""
    shared_terminal.ok("export", "-o", str(good))

    *_, end = map(json.loads, good.read_bytes().splitlines())
    assert end["object"] == "ledger.end"
    assert stat.S_IMODE(good.stat().st_mode) == 0o600
    assert list(good.parent.iterdir()) == [good]


def test_a_link_keeps_leading_to_the_export(shared_terminal: Terminal, good: Path) -> None:
    """The file behind it is replaced."""
    link = good.with_name("latest")
    link.symlink_to(good)
    shared_terminal.ok("export", "-o", str(link))

    assert link.is_symlink()
    assert good.read_bytes() != GOOD


def test_pipes_and_devices_are_written_to(shared_terminal: Terminal, tmp_path: Path) -> None:
    """They are not replaced by files."""
    pipe, expected = tmp_path / "pipe", shared_terminal.ok("export").encode()
    os.mkfifo(pipe)
    read: list[bytes] = []
    thread = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    thread.start()
    shared_terminal.ok("export", "-o", str(pipe))
    thread.join()
    shared_terminal.ok("export", "-o", "/dev/null")

    assert read == [expected]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


WRITE = """
import pathlib
from ledger.files import writing

for name in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
    with writing(pathlib.Path(name)) as file:
        file.write(b"more ")
"""


def test_standard_output_by_name_is_appended_to(tmp_path: Path) -> None:
    """`/dev/stdout` may be a file that a shell has opened: it stays that file."""
    output = tmp_path / "output"
    output.write_bytes(b"before ")
    before = output.stat().st_ino
    with output.open("ab") as file:
        subprocess.run([sys.executable, "-c", WRITE], cwd=ROOT, stdout=file, check=True)

    assert output.read_bytes() == b"before more more more "
    assert output.stat().st_ino == before


def test_an_export_that_cannot_be_written(shared_terminal: Terminal, tmp_path: Path) -> None:
    """A directory that is not there is one line."""
    result = shared_terminal.run("export", "-o", str(tmp_path / "nowhere" / "log.jsonl"))

    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)


def test_a_refused_import_writes_nothing(shared_terminal: Terminal, tmp_path: Path) -> None:
    """A file that was cut off is one line with its number, and a hint."""
    path, url = tmp_path / "log.jsonl", f"sqlite:///{tmp_path / 'copy.db'}"
    path.write_text("".join(shared_terminal.ok("export").splitlines(keepends=True)[:-1]))
    copy = Terminal(url)
    result = copy.run("import", str(path))

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: line ")
    assert "--partial" in result.stderr
    assert copy.read("status")["log"]["position"] == 0
    assert copy.read("import", str(path), "--partial")["stored"] > 0
    assert copy.ok("export") == shared_terminal.ok("export")
