"""`ledger backup`: a whole, verified copy at its place, or nothing and the last one untouched."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from api.config.databases import existing_notify
from api.config.settings import Settings
from ledger import Ledger, verify
from tests.cli.terminal import Terminal
from tests.conftest import FreshDatabase
from tests.durability.test_disk_full import small_disk
from tests.ledger.deliveries import behind_the_triggers, body, delivered, fill


@pytest.fixture
def ledger_on_sqlite(fresh_database: FreshDatabase) -> Terminal:
    """A small ledger in a file."""
    url = fresh_database("sqlite")
    ledger = Ledger.open(url, create=True)
    fill(ledger)
    ledger.close()
    return Terminal(url)


def test_a_backup_is_one_file_that_verifies(ledger_on_sqlite: Terminal, tmp_path: Path) -> None:
    """It is readable by its owner alone, and its anchor is that of the log."""
    path = tmp_path / "backups" / "ledger.db"
    path.parent.mkdir()
    anchor = ledger_on_sqlite.ok("backup", str(path)).splitlines()[-1]
    copy = Terminal(f"sqlite:///{path}")

    assert list(path.parent.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert anchor == ledger_on_sqlite.ok("verify").splitlines()[-1]
    assert copy.read("verify", "--anchor", anchor)["verified"] is True
    assert copy.ok("export") == ledger_on_sqlite.ok("export")


def test_a_backup_takes_the_notifications_along(ledger_on_sqlite: Terminal, tmp_path: Path) -> None:
    """Subscribers with their secrets; neither of the two files is replaced alone."""
    added = ledger_on_sqlite.read("subscribers", "add", "http://127.0.0.1:9/", "--types", "*")
    path = tmp_path / "backups" / "ledger.db"
    beside = path.with_name("ledger.notifications.db")
    path.parent.mkdir()
    ledger_on_sqlite.ok("backup", str(path))

    assert sorted(path.parent.iterdir()) == [path, beside]
    assert stat.S_IMODE(beside.stat().st_mode) == 0o600
    copy = Settings.read({"LEDGER_DATABASE_URL": f"sqlite:///{path}"})
    with existing_notify(copy) as (_, notify):
        assert notify.subscribers.secrets(added["id"]) == [added["secret"]]
    for file in (*path.parent.glob("*-wal"), *path.parent.glob("*-shm")):
        file.unlink()
    path.unlink()
    beside.write_bytes(b"the last good backup")
    refused = ledger_on_sqlite.run("backup", str(path))
    assert refused.exit_code == 1 and beside.name in refused.stderr
    assert not path.exists() and beside.read_bytes() == b"the last good backup"
    ledger_on_sqlite.ok("backup", str(path), "--force")
    assert path.exists() and beside.stat().st_size > 1000


def test_a_backup_replaces_only_when_forced(ledger_on_sqlite: Terminal, tmp_path: Path) -> None:
    """Without --force the last one stays; with it, the new one takes its place."""
    path = tmp_path / "copy.db"
    path.write_bytes(b"the last good backup")
    refused = ledger_on_sqlite.run("backup", str(path))

    assert (refused.exit_code, path.read_bytes()) == (1, b"the last good backup")
    assert "--force" in refused.stderr
    assert ledger_on_sqlite.read("backup", str(path), "--force")["position"] == 17
    assert path.stat().st_size > 1000


def test_a_backup_never_replaces_a_database_in_use(
    ledger_on_sqlite: Terminal, tmp_path: Path
) -> None:
    """Neither the log itself, by whatever name, nor another one, nor a device."""
    file = Path(ledger_on_sqlite.url.removeprefix("sqlite:///"))
    link = tmp_path / "link.db"
    link.symlink_to(file)
    other = tmp_path / "other.db"
    shutil.copy(file, other)
    other.with_name("other.db-wal").write_bytes(b"of a process that uses it")
    before = file.read_bytes()

    for path in (file, link, other, Path("/dev/null")):
        assert ledger_on_sqlite.run("backup", str(path), "--force").exit_code == 1, path
    assert file.read_bytes() == other.read_bytes() == before
    assert not os.path.isfile("/dev/null")


def test_a_damaged_log_is_not_backed_up(ledger_on_sqlite: Terminal, tmp_path: Path) -> None:
    """The last good backup stays, and the position of the damage is named."""
    ledger = Ledger.open(ledger_on_sqlite.url)
    with behind_the_triggers(ledger.engine) as connection:
        connection.execute(text("UPDATE ledger_events SET received_at = 5 WHERE id = 4"))
    ledger.close()
    path = tmp_path / "copy.db"
    path.write_bytes(b"the last good backup")
    result = ledger_on_sqlite.run("backup", str(path), "--force")

    assert result.exit_code == 1
    assert "position 4" in result.stderr
    assert path.read_bytes() == b"the last good backup"
    assert [each.name for each in tmp_path.iterdir() if "copy" in each.name] == ["copy.db"]


def test_a_full_disk_leaves_the_last_good_backup(ledger_on_sqlite: Terminal) -> None:
    """The error is one line, and the disk has its space again."""
    ledger = Ledger.open(ledger_on_sqlite.url)
    padding = {"text": "x" * 500_000}
    ledger.append([delivered(body(number, metadata=padding)) for number in range(100, 130)])
    assert verify(ledger).problem_count == 0
    ledger.close()
    with small_disk(8) as disk:
        path = disk / "copy.db"
        path.write_bytes(b"the last good backup")
        result = ledger_on_sqlite.run("backup", str(path), "--force", "--json")

        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
        assert path.read_bytes() == b"the last good backup"
        assert list(disk.iterdir()) == [path]


def test_postgresql_has_its_own_tools(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    """The command says which, and that it made nothing."""
    url = fresh_database("postgresql")
    Ledger.open(url, create=True).close()
    result = Terminal(url).run("backup", str(tmp_path / "copy.db"))

    assert result.exit_code == 2
    assert "pg_dump" in result.stderr
    assert not (tmp_path / "copy.db").exists()
