"""The command line: `ledger` and its commands."""

from __future__ import annotations

from api.commands.cli import main

__all__ = ["main"]
