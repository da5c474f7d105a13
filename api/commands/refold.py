"""`ledger refold`: one row, drawn again."""

from __future__ import annotations

import sys

import click

from api.commands.output import kind_type
from api.config.databases import existing
from api.config.settings import Settings


@click.command()
@click.argument("kind", type=kind_type())
@click.argument("id")
def refold(kind: str, id: str) -> None:
    """Draw one row again from its events, for example: ledger refold orders pi_123.

    Wherever the id exists: in every account and mode.
    """
    with existing(Settings.read()) as (_, projections):
        found = projections.refold(kind, id)
    if not found:
        click.echo(f"Error: the log knows nothing of {id} in {kind}", err=True)
        sys.exit(1)
    click.echo(f"{kind} {id} drawn again")
