"""`ledger import`: an exported log, or plain Stripe events, into the log."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import BinaryIO

import click

from api.commands.output import as_json, json_option
from api.config import databases as stores
from api.config.settings import Settings
from ledger import import_lines


@click.command("import")
@click.argument("file", type=click.File("rb"), metavar="FILE.jsonl")
@json_option
def import_(file: BinaryIO, as_program: bool) -> None:
    """Take what `ledger export` wrote, or Stripe events, one per line; - is standard input.

    An exported log comes back byte for byte in an empty ledger. What the log knows already is
    skipped, so an import that was broken off is simply run again.
    """
    settings = Settings.read(probe=stores.probe)
    stores.create(settings)
    with stores.stores(settings) as (ledger, _):
        done = import_lines(ledger, file, _complain)
    if as_program:
        as_json(asdict(done))
    else:
        click.echo(", ".join(f"{count} {name}" for name, count in asdict(done).items()))
    if done.errors:
        sys.exit(1)


def _complain(line: int, why: str) -> None:
    click.echo(f"line {line}: {why}", err=True)
