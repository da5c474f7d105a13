"""`ledger rollback`."""

from __future__ import annotations

from pathlib import Path

from tests.cli.terminal import Terminal


def test_rollback_serves_the_previous_table(terminal: Terminal) -> None:
    """It prints the table that is live now; `status` shows the one that is now the previous."""
    terminal.ok("rebuild", "orders")
    previous = previous_table(terminal)

    output = terminal.ok("rollback", "orders")

    assert output.startswith(f"{previous} serves orders at ")
    assert previous_table(terminal) != previous
    assert terminal.run("rebuild", "orders", "--check").exit_code == 0


def previous_table(terminal: Terminal) -> str:
    """The table of orders that a rollback would serve."""
    states = terminal.read("status")["projections"]
    return next(str(state["previous"]) for state in states if state["kind"] == "orders")


def test_rollback_without_a_previous_table(store_url: str) -> None:
    """One sentence and exit code 1."""
    Path("events.jsonl").write_text("")
    terminal = Terminal(store_url)
    terminal.ok("import", "events.jsonl")
    result = terminal.run("rollback", "orders")

    assert result.exit_code == 1
    assert "there is nothing to roll orders back to" in result.output
