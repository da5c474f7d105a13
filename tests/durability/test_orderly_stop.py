"""After an orderly stop SQLite's file alone is the whole log, and its WAL never stays large."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ledger import Ledger, verify
from tests.cli.processes import ledger as command
from tests.cli.processes import sample_event, serving
from tests.databases import on_sqlite
from tests.durability.proof import entries
from tests.durability.traffic import Traffic
from tests.ledger.deliveries import body, delivered, fill


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def copied_alone(url: str, directory: Path) -> Ledger:
    """A ledger that has the file of another, without what is beside it."""
    copy = directory / "alone" / "ledger.db"
    copy.parent.mkdir()
    shutil.copy(file_of(url), copy)
    return Ledger.open(f"sqlite:///{copy}")


@on_sqlite
@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_file_alone_is_whole_after_exit_0(
    ledger_url: str, tmp_path: Path, workers: str
) -> None:
    """Every acknowledged event is in a copy of `ledger.db` alone, however it was stopped."""
    with serving(ledger_url, tmp_path, LEDGER_WORKERS=workers) as server:
        with Traffic([server.port]) as traffic:
            traffic.wait_for_more(150)
        traffic.complete()
        assert server.end() == 0
    copy = copied_alone(ledger_url, tmp_path)

    assert {entry.event_id for entry in entries(copy)} == set(traffic.positions)
    assert verify(copy).problems == []
    assert list(file_of(ledger_url).parent.glob("*-wal")) == []
    copy.close()


@on_sqlite
def test_the_file_alone_is_whole_after_a_command(ledger_url: str, tmp_path: Path) -> None:
    """Also after one that writes."""
    events = tmp_path / "events.jsonl"
    events.write_text(json.dumps(sample_event()) + "\n")
    completed = command("import", str(events), cwd=tmp_path, LEDGER_DATABASE_URL=ledger_url)
    copy = copied_alone(ledger_url, tmp_path)

    assert completed.returncode == 0
    assert len(entries(copy)) == 1
    assert list(file_of(ledger_url).parent.glob("*-wal")) == []
    copy.close()


@on_sqlite
def test_a_large_wal_shrinks_again(ledger_url: str) -> None:
    """A reader's snapshot lets it grow; once it is gone, the next appends cut it."""
    ledger = Ledger.open(ledger_url)
    fill(ledger)
    padding = {"text": "x" * 500_000}
    wal = file_of(ledger_url).with_name("ledger.db-wal")
    with ledger.engine.connect() as reader:
        reader.exec_driver_sql("SELECT * FROM ledger_events LIMIT 1").all()
        for number in range(100, 180):
            ledger.append([delivered(body(number, metadata=padding))])
        assert wal.stat().st_size > 40 << 20
    for number in range(200, 210):
        ledger.append([delivered(body(number, metadata=padding))])

    assert wal.stat().st_size <= 17 << 20
    ledger.close()
