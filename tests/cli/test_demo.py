"""`ledger demo`: a whole ledger for a moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.processes import ledger


@pytest.mark.slow
def test_shows_a_ledger_at_work(tmp_path: Path) -> None:
    """Shuffled, doubled and forged deliveries end in the state that is true, and code 0."""
    done = ledger(
        *("demo", "--seed", "7", "--shuffle", "10", "--duplicate", "10", "--tamper", "10"),
        *("--for", "2", "--database", "demo.db", "--no-stay"),
        cwd=tmp_path,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "forged and refused" in done.stdout
    assert (tmp_path / "demo.db").exists()


@pytest.mark.slow
def test_leaves_the_real_ledger_alone(tmp_path: Path) -> None:
    """ProjectedRow-up events never go where LEDGER_DATABASE_URL points."""
    real = tmp_path / "real.db"
    done = ledger("demo", "--for", "0.1", cwd=tmp_path, LEDGER_DATABASE_URL=f"sqlite:///{real}")

    assert done.returncode == 0, done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []
