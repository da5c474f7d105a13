"""`ledger rebuild --id` and `--since`, as a person meets them."""

from __future__ import annotations

from typing import Any

from tests.cli.test_commands import Terminal, events, terminal

__all__ = ["events", "terminal"]


def test_one_id_and_since(terminal: Terminal, events: list[dict[str, Any]]) -> None:
    """They say how many rows changed, and exit with 0 where there was something to fold."""
    [order] = terminal.read("rebuild", "orders", "--since", "2020-01-31T12:00:00Z")
    assert order == {"kind": "orders", "folded": 1, "changed": 0}
    id = next(e["data"]["object"]["id"] for e in events if e["type"].startswith("payment_intent"))
    assert terminal.read("rebuild", "orders", "--id", id) == [order]
    assert terminal.read("rebuild", "orders", "--since", "4000000000")[0]["folded"] == 0


def test_what_cannot_be_meant_is_refused(terminal: Terminal) -> None:
    """An id that nobody knows is exit code 1; a time without offset or two limits are 2."""
    unknown = terminal.run("rebuild", "orders", "--id", "pi_nobody")
    assert unknown.exit_code == 1
    assert "no event in the log has pi_nobody in orders" in unknown.output
    assert terminal.run("rebuild", "--since", "2020-01-31T12:00:00").exit_code == 2
    assert terminal.run("rebuild", "--id", "x", "--check").exit_code == 2
