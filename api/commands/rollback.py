"""`ledger rollback`: back to the table that was live before the last cutover."""

from __future__ import annotations

from dataclasses import asdict

import click

from api.commands.output import json_option, kind_type, print_json, record
from api.config.databases import existing
from api.config.settings import Settings


@click.command()
@click.argument("kind", type=kind_type())
@json_option
def rollback(kind: str, as_json: bool) -> None:
    """Serve the previous table of KIND again: undo the cutover of its last rebuild.

    The previous table first catches up with the live one, so that readers never see older rows,
    and is cut over to in one transaction; the table that it replaces is kept. It stays live until
    `ledger rebuild KIND`. Run it with the version of the ledger that built the previous table.
    """
    settings = Settings.read()
    with existing(settings) as (_, projections):
        result = projections.rollback(kind)
    record(settings, "rollback", kind=kind, table=result.table)
    if as_json:
        print_json(asdict(result))
    else:
        click.echo(f"{result.table} serves {kind} at {result.position}; {result.replaced} is kept")
