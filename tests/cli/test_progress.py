"""The progress of long commands: a bar on a terminal, lines in a file, nothing for programs."""

from __future__ import annotations

import io
import re
import sys
from contextlib import closing

import pytest

from api.commands.output import Progress
from tests.cli.terminal import Terminal

STATE = r"orders: +100%.*2\.00k/2\.00k \[\d\d:\d\d<.*events/s\]"


class Screen(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self) -> bool:
        return True


def stderr_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_lines_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    """The last state with rate and time stays visible, on a line for each label."""
    with closing(Progress(hidden=False)) as progress:
        for events in (0, 1000, 2000):
            progress("orders", events, 2000)
        progress("refunds", 5, 10)

    lines = stderr_lines(capsys)
    assert any(re.search(STATE, line) for line in lines)
    assert "refunds" in lines[-1]
    assert "5.00/10.0" in lines[-1]
    assert not any("\r" in line for line in lines)


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar is redrawn in place."""
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    with closing(Progress(hidden=False)) as progress:
        for events in (0, 1000, 2000):
            progress("orders", events, 2000)

    assert re.search(STATE, screen.getvalue())
    assert screen.getvalue().count("\r") >= 2


def test_nothing_for_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    """With `--json` nothing is shown."""
    with closing(Progress(hidden=True)) as progress:
        progress("orders", 5, 10)

    assert stderr_lines(capsys) == []


def test_a_check_shows_its_progress(shared_terminal: Terminal) -> None:
    """A check folds the whole log and takes as long as a rebuild, so it shows the same."""
    result = shared_terminal.run("rebuild", "orders", "--check")

    assert result.exit_code == 0
    assert re.search(r"orders: +100%.* (\d+\.\d+)/\1 \[.*events/s", result.output)
    assert "no difference in orders" in result.output
    assert shared_terminal.read("rebuild", "orders", "--check") == []
