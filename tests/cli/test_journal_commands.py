"""`ledger journal`: reports as tables, JSON and CSV, and the check."""

from __future__ import annotations

import csv
import io
from collections import Counter

import pytest

from api.config.databases import existing_journal
from api.config.settings import Settings
from tests.cli.terminal import Terminal


@pytest.fixture
def books(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A ledger whose journal is rebuilt."""
    monkeypatch.setenv("LEDGER_DATABASE_URL", terminal.url)
    assert "journal rebuilt from" in terminal.ok("rebuild", "journal")
    return terminal


def test_reports(books: Terminal) -> None:
    """The same figures as a table, as JSON and as CSV."""
    report = books.read("journal", "trial-balance")
    rows = report["data"]
    table = csv.DictReader(io.StringIO(books.ok("journal", "trial-balance", "--csv")))

    assert rows and sum(row["balance"] for row in rows) == 0
    assert [int(row["balance"]) for row in table] == [row["balance"] for row in rows]
    assert report["rules"] in books.ok("journal", "trial-balance")
    assert books.read("journal", "trial-balance", "--rules", report["rules"]) == report
    assert books.run("journal", "trial-balance", "--rules", "none").exit_code == 1
    entries = books.read("journal", "entries", "--limit", "1000")
    assert entries[0]["id"] in books.ok("journal", "entries")
    assert {each["reason"] for each in books.read("journal", "unproven")} == {"no_settlement_leg"}
    assert "no_settlement_leg" in books.ok("journal", "unproven")
    status = books.read("status")
    assert status["journal"] == {"position": status["log"]["position"], "lag_events": 0}


def test_what_came_to_be_known(books: Terminal) -> None:
    """It sums to the difference of the two trial balances."""
    head = books.read("status")["log"]["position"]
    for since in range(0, head, 3):
        changes = Counter[tuple[str, str]]()
        for change in books.read("journal", "diff", "--from", str(since), "--to", str(head)):
            for line in change["lines"]:
                place = line["ledger_account"], line["currency"]
                changes[place] += change["sign"] * line["amount"]
        balances = Counter[tuple[str, str]]()
        for sign, position in ((1, head), (-1, since)):
            at = ("--at-position", str(position))
            for row in books.read("journal", "trial-balance", *at)["data"]:
                balances[row["ledger_account"], row["currency"]] += sign * row["balance"]
        assert {k: v for k, v in changes.items() if v} == {k: v for k, v in balances.items() if v}


def test_the_check(books: Terminal) -> None:
    """What differs from the log is a failure until the journal is rebuilt."""
    assert books.ok("journal", "check").strip().endswith("no difference")
    with existing_journal(Settings.read()) as (_, _, journal):
        with journal.report() as report:
            lines = report.tables.lines
        with journal.engine.begin() as connection:
            connection.execute(lines.update().values(low=lines.c.low + 1))
    assert books.run("journal", "check").exit_code == 1
    books.ok("rebuild", "journal")
    books.ok("journal", "check")


def test_a_month(books: Terminal) -> None:
    """Without a balance transaction nothing moved a balance; a month has to be one."""
    assert books.read("journal", "summary", "--month", "2026-12") == []
    assert books.run("journal", "summary", "--month", "2026-13").exit_code == 2
    assert books.run("journal", "reconcile", "po_none").exit_code == 1
