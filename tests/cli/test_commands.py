"""The commands, each against a small real ledger on both databases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, text

from api.commands import main
from api.commands.rebuild import useful_cores
from api.simulator import story
from ledger import Delivery, Ledger, read_delivery
from tests.conftest import FreshDatabase

NO_EVENT = b'{"object": "charge"}'


class Terminal:
    """Runs commands on one database."""

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, *arguments: str, **environ: str) -> Result:
        """Runs one; `result.output` holds what it said on either stream."""
        return CliRunner().invoke(main, arguments, env={**environ, "LEDGER_DATABASE_URL": self.url})

    def ok(self, *arguments: str, **environ: str) -> str:
        """Runs one that has to go well; returns its standard output."""
        result = self.run(*arguments, **environ)
        assert result.exit_code == 0, result.output
        return result.stdout

    def read(self, *arguments: str, **environ: str) -> Any:
        """What a command tells a program."""
        return json.loads(self.ok(*arguments, "--json", **environ))


@pytest.fixture
def events() -> list[dict[str, Any]]:
    return list(story("order_with_3ds_and_partial_refund").events)


@pytest.fixture
def terminal(
    store_url: str,
    events: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Terminal:
    """A ledger that holds an order, and one delivery that is no event."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    terminal = Terminal(store_url)
    terminal.ok("import", "events.jsonl")
    ledger = Ledger.open(store_url)
    ledger.append([Delivery(NO_EVENT, "webhook", 1_700_000_000_000_000, read_delivery(NO_EVENT))])
    ledger.close()
    terminal.ok("rebuild")
    return terminal


def test_status_tells_where_all_stand(terminal: Terminal, events: list[dict[str, Any]]) -> None:
    """It names the log's end and each projection."""
    status = terminal.read("status")

    assert status["log"]["position"] == len(events) + 1
    assert {each["lag_events"] for each in status["projections"]} == {0}
    assert "orders" in terminal.ok("status")


def test_an_import_is_resumable(terminal: Terminal, events: list[dict[str, Any]]) -> None:
    """What is known already is skipped."""
    assert terminal.read("import", "events.jsonl") == {
        "stored": 0,
        "duplicate": len(events),
        "quarantined": 0,
        "errors": 0,
    }


def test_a_bad_line_is_told(terminal: Terminal, tmp_path: Path) -> None:
    """An import names the lines that it cannot take, and exits with 1."""
    (tmp_path / "bad.jsonl").write_bytes(b"nonsense\n" + NO_EVENT)
    result = terminal.run("import", "bad.jsonl")

    assert result.exit_code == 1
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["line 1", "line 2"]


@pytest.mark.parametrize("other", ["sqlite", "postgresql"])
def test_an_export_comes_back(
    terminal: Terminal, fresh_database: FreshDatabase, tmp_path: Path, other: str
) -> None:
    """The same bytes, times, positions and rows in another database, quarantine included."""
    terminal.ok("export", "-o", "log.jsonl")
    copy = Terminal(fresh_database(other))
    copy.ok("import", "log.jsonl")
    copy.ok("rebuild")

    assert copy.ok("export").encode() == (tmp_path / "log.jsonl").read_bytes()
    assert copy.read("verify") == terminal.read("verify")
    assert copy.read("quarantine", "list") == terminal.read("quarantine", "list")


def test_verify_gives_an_anchor_that_holds(terminal: Terminal) -> None:
    """The line that it ends with is what a later run takes."""
    anchor = terminal.ok("verify").splitlines()[-1]

    assert terminal.read("verify", "--anchor", anchor)["verified"] is True


def test_verify_finds_what_the_anchor_contradicts(terminal: Terminal) -> None:
    """Another history than the anchor's is a failure that names the position."""
    result = terminal.run("verify", "--anchor", f"2:{'00' * 32}")

    assert result.exit_code == 1
    assert "2" in result.output
    assert terminal.run("verify", "--anchor", "2:zz").exit_code == 2


def test_quarantine_is_listed(terminal: Terminal, events: list[dict[str, Any]]) -> None:
    """A delivery that is no event is there with its reason."""
    [entry] = terminal.read("quarantine", "list")

    assert entry["id"] == f"qd_{len(events) + 1}"
    assert entry["reason"] == "not_an_event"
    assert "not_an_event" in terminal.ok("quarantine", "list")


def test_retry_after_a_wrong_setting(store_url: str, events: list[dict[str, Any]]) -> None:
    """Events refused for their mode become events once the setting is right, and only once."""
    terminal = Terminal(store_url)
    terminal.ok("keys", "create")  # makes the tables
    ledger = Ledger.open(store_url)
    bodies = [json.dumps(event).encode() for event in events]
    ledger.append(
        [Delivery(body, "webhook", 1, read_delivery(body, livemode=True)) for body in bodies]
    )
    ledger.close()

    assert terminal.read("quarantine", "retry", LEDGER_LIVEMODE="true")["quarantined"] == len(
        events
    )
    assert terminal.read("quarantine", "retry")["stored"] == len(events)
    assert terminal.read("quarantine", "retry")["duplicate"] == len(events)


def test_keys_are_made_listed_and_ended(terminal: Terminal) -> None:
    """A key is shown once, listed without its secret, and gone for good when revoked."""
    made = terminal.read("keys", "create", "--name", "reports", "--scope", "full")
    [listed] = terminal.read("keys", "list")

    assert made["key"] not in json.dumps(listed)
    assert (listed["name"], listed["scope"], listed["revoked_at"]) == ("reports", "full", None)
    terminal.ok("keys", "revoke", made["id"])
    assert terminal.read("keys", "list")[0]["revoked_at"] is not None
    assert terminal.run("keys", "revoke", made["id"]).exit_code == 1
    assert "reports" in terminal.ok("keys", "list")


def test_rebuild_draws_the_same_again(terminal: Terminal) -> None:
    """Rebuilding changes no row, and the check finds no difference."""
    for processes in ("1", "2"):
        rebuilt = terminal.read("rebuild", "orders", "refunds", "--processes", processes)

        assert [each["kind"] for each in rebuilt] == ["orders", "refunds"]
    assert terminal.read("rebuild", "--check") == []
    assert "no difference" in terminal.ok("rebuild", "--check", "orders")


@pytest.mark.parametrize(("allowed", "used"), [(1, 1), (2, 2), (64, 8)])
def test_a_rebuild_uses_the_cores_that_help(
    monkeypatch: pytest.MonkeyPatch, allowed: int, used: int
) -> None:
    """Those that the process may run on; of many cores no more than writing leaves work for."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(allowed)), raising=False)

    assert useful_cores() == used


def test_check_finds_an_altered_row(terminal: Terminal) -> None:
    """A living row that is not what the log says is named with both values; exit code 1."""
    spoil(terminal.url)
    result = terminal.run("rebuild", "--check", "orders", "--json")

    assert result.exit_code == 1
    [difference] = json.loads(result.stdout)
    assert (difference["field"], difference["living"]) == ("description", "spoilt")


def test_many_differences(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person is shown some and told how many more there are; a program reads them all."""
    spoil(terminal.url, "description = 'spoilt', amount = 7")
    monkeypatch.setattr("api.commands.rebuild._PRINTED_MAX", 1)
    shown = terminal.run("rebuild", "--check", "orders")

    assert shown.exit_code == 1
    found = json.loads(terminal.run("rebuild", "--check", "orders", "--json").stdout)
    assert {each["field"] for each in found} == {"amount", "description"}
    assert f"… and {len(found) - 1:,} more; --json prints them all" in shown.output
    assert shown.output.count("description") + shown.output.count("amount") == 1


def test_refold_heals_one_row(terminal: Terminal, events: list[dict[str, Any]]) -> None:
    """One row is drawn again from its events."""
    spoil(terminal.url)
    terminal.ok("refold", "orders", events[0]["data"]["object"]["id"])

    assert terminal.read("rebuild", "--check", "orders") == []


def test_refold_of_the_unknown(terminal: Terminal) -> None:
    """An id that nothing told of is an error in one line."""
    result = terminal.run("refold", "orders", "pi_unheard_of")

    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1


def spoil(url: str, changes: str = "description = 'spoilt'") -> None:
    """Alters the living order behind everybody's back."""
    where = url.replace(".db", ".projections.db")
    engine = create_engine(where)
    with engine.begin() as connection:
        schema = "projections." if engine.dialect.name == "postgresql" else ""
        [table] = connection.execute(
            text(f"SELECT table_name FROM {schema}projection_pointers WHERE kind = 'orders'")
        ).scalars()
        connection.execute(text(f"UPDATE {schema}{table} SET {changes}"))
    engine.dispose()
