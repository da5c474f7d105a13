"""The commands, each against a small real ledger on both databases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from api.commands.rebuild import useful_cores
from ledger import Delivery, Ledger, read_delivery
from ledger.database import write_transaction
from projections import Projections
from tests.cli.conftest import NOT_AN_EVENT
from tests.cli.terminal import Terminal
from tests.conftest import FreshDatabase


def test_status_shows_the_log_and_the_projections(
    shared_terminal: Terminal, events: list[dict[str, Any]]
) -> None:
    """It prints the log's end and the lag of each projection."""
    status = shared_terminal.read("status")

    assert status["log"]["position"] == len(events) + 1
    assert {state["lag_events"] for state in status["projections"]} == {0}
    assert "orders" in shared_terminal.ok("status")


def test_an_import_is_resumable(
    shared_terminal: Terminal, event_file: Path, events: list[dict[str, Any]]
) -> None:
    """Events that are in the log already are skipped."""
    assert shared_terminal.read("import", str(event_file)) == {
        "stored": 0,
        "duplicate": len(events),
        "quarantined": 0,
        "errors": 0,
    }


def test_a_bad_line_is_reported(shared_terminal: Terminal) -> None:
    """An import reports the lines that it cannot read, and exits with 1."""
    Path("bad.jsonl").write_bytes(b"nonsense\n" + NOT_AN_EVENT)
    result = shared_terminal.run("import", "bad.jsonl")

    assert result.exit_code == 1
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["line 1", "line 2"]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_an_export_can_be_restored(
    shared_terminal: Terminal, fresh_database: FreshDatabase, dialect: str
) -> None:
    """The same bytes, times, positions and rows in another database, quarantine included."""
    shared_terminal.ok("export", "-o", "log.jsonl")
    copy = Terminal(fresh_database(dialect))
    copy.ok("import", "log.jsonl")
    copy.ok("rebuild")

    assert copy.ok("export").encode() == Path("log.jsonl").read_bytes()
    assert copy.read("verify") == shared_terminal.read("verify")
    assert copy.read("quarantine", "list") == shared_terminal.read("quarantine", "list")


def test_verify_prints_an_anchor_that_holds(shared_terminal: Terminal) -> None:
    """Its last line is an anchor for a later run."""
    anchor = shared_terminal.ok("verify").splitlines()[-1]

    assert shared_terminal.read("verify", "--anchor", anchor)["verified"] is True


def test_verify_finds_what_contradicts_the_anchor(shared_terminal: Terminal) -> None:
    """A log with another history than the anchor's is a failure that names the position."""
    result = shared_terminal.run("verify", "--anchor", f"2:{'00' * 32}")

    assert result.exit_code == 1
    assert "2" in result.output
    assert shared_terminal.run("verify", "--anchor", "2:zz").exit_code == 2


def test_quarantine_is_listed(shared_terminal: Terminal, events: list[dict[str, Any]]) -> None:
    """A delivery that is not an event is listed with its reason."""
    [entry] = shared_terminal.read("quarantine", "list")

    assert entry["id"] == f"qd_{len(events) + 1}"
    assert entry["reason"] == "not_an_event"
    assert "not_an_event" in shared_terminal.ok("quarantine", "list")


def test_retry_after_a_wrong_setting(ledger_url: str, events: list[dict[str, Any]]) -> None:
    """Events quarantined for their mode are stored once the setting is right, and only once."""
    terminal = Terminal(ledger_url)
    ledger = Ledger.open(ledger_url)
    bodies = [json.dumps(event).encode() for event in events]
    ledger.append(
        [Delivery(body, "webhook", 1, read_delivery(body, livemode=True)) for body in bodies]
    )
    ledger.close()

    live_only = terminal.read("quarantine", "retry", LEDGER_LIVEMODE="true")
    assert live_only["quarantined"] == len(events)
    assert terminal.read("quarantine", "retry")["stored"] == len(events)
    assert terminal.read("quarantine", "retry")["duplicate"] == len(events)


def test_keys_are_created_listed_and_revoked(ledger_url: str) -> None:
    """A key is printed once, listed without its secret, and revoked for good."""
    terminal = Terminal(ledger_url)
    created = terminal.read("keys", "create", "--name", "reports", "--scope", "full")
    [listed] = terminal.read("keys", "list")

    assert created["key"] not in json.dumps(listed)
    assert (listed["name"], listed["scope"], listed["revoked_at"]) == ("reports", "full", None)
    terminal.ok("keys", "revoke", created["id"])
    assert terminal.read("keys", "list")[0]["revoked_at"] is not None
    assert terminal.run("keys", "revoke", created["id"]).exit_code == 1
    assert "reports" in terminal.ok("keys", "list")


def test_a_rebuild_changes_no_row(terminal: Terminal) -> None:
    """After a rebuild the check finds no difference; with a kind goes all of its family."""
    family = ["disputes", "early_fraud_warnings", "orders", "refunds"]
    for processes in ("1", "2"):
        rebuilt = terminal.read("rebuild", "orders", "refunds", "--processes", processes)

        assert [result["kind"] for result in rebuilt] == family
    drawn = terminal.read("rebuild", "orders", "refunds", "--rows-only")
    assert [result["kind"] for result in drawn] == ["orders", "refunds"]
    assert terminal.read("rebuild", "--check") == []
    assert "no difference" in terminal.ok("rebuild", "--check", "orders")


@pytest.mark.parametrize(("allowed", "used"), [(1, 1), (2, 2), (64, 8)])
def test_a_rebuild_uses_the_cores_that_help(
    monkeypatch: pytest.MonkeyPatch, allowed: int, used: int
) -> None:
    """Those that the process may run on, up to the number that one writer keeps up with."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(allowed)), raising=False)

    assert useful_cores() == used


def test_check_finds_an_altered_row(terminal: Terminal) -> None:
    """A live row that differs from the log is printed with both values; exit code 1."""
    alter(terminal.url)
    result = terminal.run("rebuild", "--check", "orders", "--json")

    assert result.exit_code == 1
    [difference] = json.loads(result.stdout)
    assert (difference["field"], difference["living"]) == ("description", "altered")


def test_many_differences(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person sees the first ones and how many more there are; a program gets them all."""
    alter(terminal.url, "description = 'altered', amount = 7")
    monkeypatch.setattr("api.commands.rebuild._PRINTED_MAX", 1)
    printed = terminal.run("rebuild", "--check", "orders")

    assert printed.exit_code == 1
    differences = json.loads(terminal.run("rebuild", "--check", "orders", "--json").stdout)
    assert {difference["field"] for difference in differences} == {"amount", "description"}
    assert f"… and {len(differences) - 1:,} more; --json prints them all" in printed.output
    assert printed.output.count("description") + printed.output.count("amount") == 1


def test_refold_repairs_one_row(terminal: Terminal, events: list[dict[str, Any]]) -> None:
    """One row is folded again from its events."""
    alter(terminal.url)
    terminal.ok("refold", "orders", events[0]["data"]["object"]["id"])

    assert terminal.read("rebuild", "--check", "orders") == []


def test_refold_of_an_unknown_id(shared_terminal: Terminal) -> None:
    """An id that no event has is an error in one line."""
    result = shared_terminal.run("refold", "orders", "pi_unheard_of")

    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1


def alter(url: str, changes: str = "description = 'altered'") -> None:
    """Change the live rows of orders by SQL, so that they differ from the log."""
    ledger = Ledger.open(url)
    projections = Projections.open(ledger)
    catalog = projections.catalog
    with write_transaction(catalog.engine) as connection:
        live_table = catalog.live_table(connection, "orders")
        assert live_table is not None
        schema = f"{catalog.schema}." if catalog.schema else ""
        connection.execute(text(f"UPDATE {schema}{live_table.table_name} SET {changes}"))
    projections.close()
    ledger.close()
