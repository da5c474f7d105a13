"""The restore drill: backed up under load, restored elsewhere, completed from an export."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from projections import KINDS, Page
from tests.cli.processes import ledger as command
from tests.cli.processes import serving
from tests.conftest import FreshDatabase
from tests.durability.proof import entries, opened, prove
from tests.durability.traffic import Traffic
from tests.servers import SharedPostgres

pytestmark = pytest.mark.slow


def on_the_server(program: str, url: str, *arguments: str) -> None:
    """Run a program of PostgreSQL on the database of a URL."""
    database = make_url(url).database
    assert database is not None
    SharedPostgres.connect().run(program, database, *arguments)


def back_up(url: str, path: Path, directory: Path) -> None:
    """As docs/operations.md says, for each database."""
    if url.startswith("sqlite"):
        completed = command("backup", str(path), cwd=directory, LEDGER_DATABASE_URL=url)
        assert completed.returncode == 0, completed.stderr
    else:
        on_the_server("pg_dump", url, "-Fc", "-N", "projections", "-f", str(path))


def restore(path: Path, url: str) -> None:
    """As docs/operations.md says, for each database."""
    if url.startswith("sqlite"):
        shutil.copy(path, url.removeprefix("sqlite:///"))
    else:
        on_the_server("pg_restore", url, "--no-owner", "--exit-on-error", str(path))


def rows(url: str) -> dict[str, list[dict[str, Any]]]:
    with opened(url) as (_, projections):
        while projections.follow():
            pass
        return {kind: projections.list(kind, page=Page(limit=100_000)).items for kind in KINDS}


def test_a_restore(ledger_url: str, fresh_database: FreshDatabase, tmp_path: Path) -> None:
    """The copy verifies with its anchor, gets what it lacks from an export, and has equal rows."""
    copy, export = tmp_path / "copy", tmp_path / "log.jsonl"
    with serving(ledger_url, tmp_path) as server:
        with Traffic([server.port]) as traffic:
            traffic.wait_for_more(100)
            before = traffic.count(200)
            back_up(ledger_url, copy, tmp_path)
            assert traffic.count(200) > before  # it was made under load
            traffic.wait_for_more(50)
        traffic.complete()
        settings = {"LEDGER_DATABASE_URL": ledger_url}
        assert command("export", "-o", str(export), cwd=tmp_path, **settings).returncode == 0
        assert server.end() == 0

    restored = fresh_database("sqlite" if ledger_url.startswith("sqlite") else "postgresql")
    restore(copy, restored)
    settings = {"LEDGER_DATABASE_URL": restored}
    verified = command("verify", cwd=tmp_path, **settings)
    assert verified.returncode == 0, verified.stderr
    anchor = verified.stdout.splitlines()[-1]
    with opened(restored) as (ledger, _):
        backed_up = ledger.log.head().position
    imported = command("import", str(export), "--json", cwd=tmp_path, **settings)

    assert imported.returncode == 0, imported.stderr
    with opened(ledger_url) as (first, _), opened(restored) as (second, _):
        log = entries(first)
        assert 0 < backed_up < len(log)
        assert entries(second) == log
        assert first.log.head() == second.log.head()
    for url in (ledger_url, restored):
        checked = command("verify", "--anchor", anchor, cwd=tmp_path, LEDGER_DATABASE_URL=url)
        assert checked.returncode == 0, checked.stderr
    assert rows(restored) == rows(ledger_url)
    with serving(restored, tmp_path):
        prove(restored, traffic)
