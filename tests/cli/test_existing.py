"""Commands that need a ledger make none, and administrative acts are logged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect

from api.commands.cli import COMMANDS
from tests.cli.terminal import Terminal
from tests.databases import on_sqlite

CREATING = {"serve", "demo", "import"}
ARGUMENTS = {
    "rollback": ["orders"],
    "refold": ["orders", "pi_1"],
    "backup": ["copy.db"],
    "listen": ["--types", "*", "--port", "0"],
}
GROUPS = {
    "keys": [["create"], ["list"], ["revoke", "key_1"]],
    "quarantine": [["list"], ["retry"]],
    "subscribers": [
        ["add", "http://127.0.0.1:9/", "--types", "*"],
        ["list"],
        *([command, "rcv_1"] for command in ("pause", "resume", "remove", "rotate")),
    ],
    "notifications": [["list"], ["retry", "--given-up"], ["check"]],
    "journal": [["export", "--format", "csv"]],
    "stripe": [["fetch"], ["endpoint", "check"]],
}
NEEDING = [
    [name, *arguments]
    for name in COMMANDS
    if name not in CREATING
    for arguments in GROUPS.get(name, [ARGUMENTS.get(name, [])])
]


@pytest.mark.parametrize("command", NEEDING, ids=" ".join)
def test_a_mistyped_address(tmp_path: Path, command: list[str]) -> None:
    """One line says that there is no ledger, and no empty one is left behind."""
    result = Terminal(f"sqlite:///{tmp_path / 'missing.db'}").run(*command)

    assert result.exit_code == 2
    [line] = result.stderr.splitlines()
    assert line.startswith("Error: there is no ledger at sqlite:///")
    assert not list(tmp_path.glob("missing*"))


@pytest.mark.parametrize("command", [["keys", "create"], ["follow"]], ids=" ".join)
def test_an_empty_database(store_url: str, command: list[str]) -> None:
    """A database without a ledger gets no table from a command that needs one."""
    result = Terminal(store_url).run(*command)

    assert result.exit_code == 2
    assert "there is no ledger" in result.stderr
    if store_url.startswith("postgresql"):
        engine = create_engine(store_url)
        assert inspect(engine).get_table_names() == []
        engine.dispose()


def acts(terminal: Terminal, *command: str) -> list[dict[str, Any]]:
    """What a command logs of itself."""
    result = terminal.run(*command)
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stderr.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == "administrative_act"]


def test_acts_are_logged(terminal: Terminal, events: list[dict[str, Any]]) -> None:
    """Each is one structured line, by the command line; what only reads has none."""
    order = events[0]["data"]["object"]["id"]
    [created] = acts(terminal, "keys", "create", "--name", "reports")
    logged = [
        created,
        *acts(terminal, "keys", "revoke", created["key"]),
        *acts(terminal, "quarantine", "retry"),
        *acts(terminal, "refold", "orders", order),
        *acts(terminal, "rebuild", "orders", "--processes", "1"),
        *acts(terminal, "rebuild", "orders", "--id", order),
        *acts(terminal, "rollback", "orders"),
    ]

    assert [line["act"] for line in logged] == [
        "key_created",
        "key_revoked",
        "quarantine_retry",
        "refold",
        "rebuild",
        "repair",
        "rollback",
    ]
    assert {line["by"] for line in logged} == {"command line"}
    assert (created["name"], created["scope"]) == ("reports", "read")
    for command in (["status"], ["verify"], ["keys", "list"], ["rebuild", "--check", "orders"]):
        assert acts(terminal, *command) == []


@on_sqlite
def test_a_refused_act_is_not_logged(ledger_url: str) -> None:
    """A key that does not exist cannot be revoked."""
    result = Terminal(ledger_url).run("keys", "revoke", "key_unknown")

    assert result.exit_code == 1
    assert "administrative_act" not in result.stderr
