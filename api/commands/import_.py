"""`ledger import`: appends an exported log, or plain Stripe events, to the log."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import BinaryIO

import click

from api.commands.output import json_option, print_json
from api.config import databases
from api.config.settings import Settings
from ledger import import_lines


@click.command("import")
@click.argument("file", type=click.File("rb"), metavar="FILE.jsonl")
@json_option
def import_(file: BinaryIO, as_json: bool) -> None:
    """Import what `ledger export` wrote, or Stripe events, one per line; - is standard input.

    An empty ledger gets the exported log back byte for byte. Events that are in the log already are
    skipped, so an import that was interrupted can simply be run again.
    """
    settings = Settings.read(probe=databases.probe)
    databases.create(settings)
    with databases.stores(settings) as (ledger, _):
        imported = import_lines(ledger, file, _print_error)
    if as_json:
        print_json(asdict(imported))
    else:
        click.echo(", ".join(f"{count} {name}" for name, count in asdict(imported).items()))
    if imported.errors:
        sys.exit(1)


def _print_error(line: int, reason: str) -> None:
    click.echo(f"line {line}: {reason}", err=True)
