"""`ledger rebuild --id` and `--since`."""

from __future__ import annotations

from typing import Any

from tests.cli.terminal import Terminal


def test_rebuild_id_and_since(terminal: Terminal, events: list[dict[str, Any]]) -> None:
    """They print how many rows changed, and exit with 0 if there was something to fold."""
    [order] = terminal.read("rebuild", "orders", "--since", "2020-01-31T12:00:00Z")
    assert order == {"kind": "orders", "folded": 1, "changed": 0}
    id = next(e["data"]["object"]["id"] for e in events if e["type"].startswith("payment_intent"))
    assert terminal.read("rebuild", "orders", "--id", id) == [order]
    assert terminal.read("rebuild", "orders", "--since", "4000000000")[0]["folded"] == 0


def test_what_makes_no_sense_is_refused(shared_terminal: Terminal) -> None:
    """An id that no event has is exit code 1; a time without offset or two options are 2."""
    unknown = shared_terminal.run("rebuild", "orders", "--id", "pi_nobody")
    assert unknown.exit_code == 1
    assert "no event in the log has pi_nobody in orders" in unknown.output
    assert shared_terminal.run("rebuild", "--since", "2020-01-31T12:00:00").exit_code == 2
    assert shared_terminal.run("rebuild", "--id", "x", "--check").exit_code == 2
    assert shared_terminal.run("rebuild", "--rows-only", "--check").exit_code == 2


def test_a_cluster_needs_its_address_and_one_database(shared_terminal: Terminal) -> None:
    """`--executor dask` without a scheduler, or for a file of one machine, is refused in words."""
    alone = shared_terminal.run("rebuild", "--executor", "dask")
    assert (alone.exit_code, "go together" in alone.output) == (2, True)
    if shared_terminal.url.startswith("sqlite"):
        address = ("--scheduler", "tcp://127.0.0.1:9")
        refused = shared_terminal.run("rebuild", "--executor", "dask", *address)
        assert (refused.exit_code, "on one machine" in refused.output) == (2, True)
