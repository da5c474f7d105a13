"""What a process does not load: it starts faster without."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("module", "unneeded"),
    [
        ("api.serve.server", ["api.config", "ledger", "sqlalchemy", "marshmallow"]),
        ("api.serve.supervisor", ["api.app", "api.simulator", "flask"]),
        ("api.serve.follower", ["api.app", "api.simulator", "flask"]),
        ("api.serve.worker", ["api.commands", "api.simulator"]),
        ("api.commands.status", ["api.app", "api.simulator", "flask"]),
    ],
)
def test_modules_that_are_not_loaded(module: str, unneeded: list[str]) -> None:
    """A process of the ledger loads only what it works with."""
    code = f"import sys, {module}; print(*sys.modules.keys() & set({unneeded}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    assert loaded.split() == []
