"""`ledger rollback`: back to the table before the last cutover."""

from __future__ import annotations

from dataclasses import asdict

import click

from api.commands.output import as_json, json_option, kind_type
from api.config.databases import existing
from api.config.settings import Settings


@click.command()
@click.argument("kind", type=kind_type())
@json_option
def rollback(kind: str, as_program: bool) -> None:
    """Let the table that KIND had before its last rebuild serve again.

    It is first read on to where the serving one is, so readers never see less than before, and
    takes over in one transaction; the one it replaces is kept for the way back. After that nothing
    goes forward by itself: `ledger rebuild KIND` does. Run it with the version that drew the table.
    """
    with existing(Settings.read()) as (_, projections):
        done = projections.rollback(kind)
    if as_program:
        as_json(asdict(done))
    else:
        click.echo(f"{done.table} serves {kind} at {done.position}; {done.replaced} is kept")
