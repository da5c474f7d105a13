"""`ledger rollback`, as a person meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_commands import Terminal, events, terminal

__all__ = ["events", "terminal"]


def test_rollback_takes_the_table_before(terminal: Terminal) -> None:
    """It says what serves now; `status` shows what the next one would take."""
    terminal.ok("rebuild", "orders")
    [_, replaced] = [
        terminal.read("status")["projections"][0][name] for name in ("fingerprint", "previous")
    ]

    said = terminal.ok("rollback", "orders")

    assert said.startswith(f"{replaced} serves orders at ")
    assert terminal.read("status")["projections"][0]["previous"] != replaced
    assert terminal.run("rebuild", "orders", "--check").exit_code == 0


def test_rollback_says_when_there_is_nothing_to_go_back_to(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence and exit code 1."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "events.jsonl").write_text("")
    terminal = Terminal(store_url)
    terminal.ok("import", "events.jsonl")
    result = terminal.run("rollback", "orders")

    assert result.exit_code == 1
    assert "there is nothing to roll orders back to" in result.output
