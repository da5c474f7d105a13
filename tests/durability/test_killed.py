"""SIGKILL of all processes at random moments: nothing acknowledged is lost."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from random import Random

import pytest

from tests.cli.processes import serving
from tests.durability.processes import kill_group
from tests.durability.proof import prove
from tests.durability.traffic import Traffic
from tests.thorough import KILLS

pytestmark = pytest.mark.slow


def test_killed_at_random_moments(ledger_url: str, tmp_path: Path) -> None:
    """Every acknowledged event is in the log once, and retries store the others."""
    seed = secrets.randbelow(1 << 48)
    print(f"kills of seed {seed}")
    rng = Random(seed)
    with serving(ledger_url, tmp_path, TMPDIR=str(tmp_path)) as server:
        with Traffic([server.port]) as traffic:
            for _ in range(KILLS):
                traffic.wait_for_more()
                time.sleep(rng.uniform(0, 0.6))
                kill_group(server)
                server.start()
        traffic.complete()

        assert len(traffic.positions) >= KILLS
        assert traffic.statuses[0] >= KILLS
        prove(ledger_url, traffic)
        assert server.end() == 0
