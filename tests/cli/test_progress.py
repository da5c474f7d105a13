"""How far something long is: a bar for people, lines in a file, nothing for programs."""

from __future__ import annotations

import io
import re
import sys
from contextlib import closing
from typing import Any

import pytest

from api.commands.output import Progress
from tests.cli.test_commands import Terminal, events, terminal

__all__ = ["events", "terminal"]

STATE = r"orders: +100%.*2\.00k/2\.00k \[\d\d:\d\d<.*events/s\]"


class Screen(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self) -> bool:
        return True


def shown(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_lines_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    """The last state with rate and time stays, one line for each thing that went on."""
    with closing(Progress(hidden=False)) as progress:
        for done in (0, 1000, 2000):
            progress("orders", done, 2000)
        progress("refunds", 5, 10)

    lines = shown(capsys)
    assert any(re.search(STATE, line) for line in lines)
    assert "refunds" in lines[-1]
    assert "5.00/10.0" in lines[-1]
    assert not any("\r" in line for line in lines)


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is drawn over itself."""
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    with closing(Progress(hidden=False)) as progress:
        for done in (0, 1000, 2000):
            progress("orders", done, 2000)

    assert re.search(STATE, screen.getvalue())
    assert screen.getvalue().count("\r") >= 2


def test_nothing_for_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    """Where JSON is asked for nobody looks."""
    with closing(Progress(hidden=True)) as progress:
        progress("orders", 5, 10)

    assert shown(capsys) == []


def test_a_check_says_how_far_it_is(terminal: Terminal, events: list[dict[str, Any]]) -> None:
    """Folding everything again takes as long as a rebuild; so it tells as much."""
    said = terminal.run("rebuild", "orders", "--check")

    assert said.exit_code == 0
    assert re.search(r"orders: +100%.* (\d+\.\d+)/\1 \[.*events/s", said.output)
    assert "no difference in orders" in said.output
    assert terminal.read("rebuild", "orders", "--check") == []
