"""`ledger refold`: one row, folded again from its events."""

from __future__ import annotations

import sys

import click

from api.commands.output import kind_type, record
from api.config.databases import existing
from api.config.settings import Settings


@click.command()
@click.argument("kind", type=kind_type())
@click.argument("id")
def refold(kind: str, id: str) -> None:
    """Fold one row again from its events, for example: ledger refold orders pi_123.

    An id that exists in several accounts or modes is folded in each of them.
    """
    settings = Settings.read()
    with existing(settings) as (_, projections):
        is_known = projections.refold(kind, id)
    if not is_known:
        click.echo(f"Error: no event in the log has {id} in {kind}", err=True)
        sys.exit(1)
    record(settings, "refold", kind=kind, id=id)
    click.echo(f"{kind} {id} folded again")
