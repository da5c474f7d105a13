"""Runs commands on one database, in the process of the test."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner, Result

from api.commands import main

__all__ = ["Terminal", "run"]


def run(*arguments: str, **environ: str) -> Result:
    """Run a command; `result.output` is what it printed on either stream."""
    result = CliRunner().invoke(main, arguments, env=environ)
    # Anything else would be a traceback.
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@dataclass(frozen=True)
class Terminal:
    """Runs commands on one database."""

    url: str

    def run(self, *arguments: str, **environ: str) -> Result:
        """Run a command, whatever its exit code."""
        return run(*arguments, **environ, LEDGER_DATABASE_URL=self.url)

    def ok(self, *arguments: str, **environ: str) -> str:
        """Run a command that must succeed; returns its standard output."""
        result = self.run(*arguments, **environ)
        assert result.exit_code == 0, result.output
        return result.stdout

    def read(self, *arguments: str, **environ: str) -> Any:
        """Run a command with `--json`; returns what it printed."""
        return json.loads(self.ok(*arguments, "--json", **environ))
