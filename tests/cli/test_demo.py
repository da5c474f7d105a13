"""`ledger demo`: a whole ledger for a moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.processes import ledger

pytestmark = pytest.mark.slow


def test_the_demo_ends_in_the_expected_state(tmp_path: Path) -> None:
    """Shuffled, duplicated and forged deliveries end in the expected rows, and code 0."""
    result = ledger(
        *("demo", "--seed", "7", "--shuffle", "10", "--duplicate", "10", "--tamper", "10"),
        *("--for", "2", "--database", "demo.db", "--no-stay"),
        cwd=tmp_path,
    )

    assert result.returncode == 0, result.stdout + result.stderr
    assert "forged and refused" in result.stdout
    assert (tmp_path / "demo.db").exists()


def test_the_demo_leaves_the_real_ledger_alone(tmp_path: Path) -> None:
    """Made-up events never go where LEDGER_DATABASE_URL points."""
    real = tmp_path / "real.db"
    result = ledger("demo", "--for", "0.1", cwd=tmp_path, LEDGER_DATABASE_URL=f"sqlite:///{real}")

    assert result.returncode == 0, result.stdout + result.stderr
    assert list(tmp_path.iterdir()) == []
