"""`ledger journal`: the money of the log as double entry."""

from __future__ import annotations

import click

from api.commands.journal_export import export

__all__ = ["journal"]


@click.group()
def journal() -> None:
    """The money of the log as double entry, by rules that docs/accounting.md explains."""


journal.add_command(export)
