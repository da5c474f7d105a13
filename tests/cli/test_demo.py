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


def test_what_thin_events_are_about_is_asked_for(tmp_path: Path) -> None:
    """The ledger that is served follows them; the other ways are in tests/stripe."""
    result = ledger(
        *("demo", "--seed", "11", "--stories", "30", "--thin", "--no-stay"), cwd=tmp_path
    )

    assert result.returncode == 0, result.stdout + result.stderr
    assert "The ledger fetched the objects of" in result.stdout
    assert "All right: 30 stories" in result.stdout


def test_one_way_at_a_time(tmp_path: Path) -> None:
    """What cannot be together is refused."""
    both = ledger("demo", "--thin", "--history", cwd=tmp_path)
    endless = ledger("demo", "--thin", "--for", "5", cwd=tmp_path)

    assert (both.returncode, endless.returncode) == (2, 2)
    assert "choose one of" in both.stderr and "--for" in endless.stderr
