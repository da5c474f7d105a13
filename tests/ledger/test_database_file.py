"""The file of a SQLite database: opening a ledger twice in one process harms neither."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

from ledger import Ledger
from tests.ledger.deliveries import body, delivered

# Whoever closes the last connection that it knows of removes the WAL.
OTHER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM ledger_events").fetchone()[0])
connection.close()
"""


def test_a_second_start_leaves_the_locks_of_the_first(tmp_path: Path) -> None:
    """Else another process removes the WAL that the first writes to: what it commits is lost."""
    path = tmp_path / "ledger.db"
    first = Ledger.open(f"sqlite:///{path}", create=True)
    first.append([delivered(body(1))])
    Ledger.open(f"sqlite:///{path}", create=True).close()

    def count() -> int:
        command = [sys.executable, "-c", OTHER, str(path)]
        return int(subprocess.run(command, check=True, capture_output=True).stdout)

    assert count() == 1
    assert Path(f"{path}-wal").exists()
    first.append([delivered(body(2))])
    assert count() == 2
    first.close()


def test_a_link_to_no_file_makes_one(tmp_path: Path) -> None:
    """It is where the link leads, and private."""
    target, link = tmp_path / "data.db", tmp_path / "ledger.db"
    link.symlink_to(target)
    Ledger.open(f"sqlite:///{link}", create=True).close()

    assert stat.S_IMODE(target.stat().st_mode) == 0o600
