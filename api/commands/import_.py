"""`ledger import`: appends an exported log, or plain Stripe events, to the log."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import BinaryIO

import click

from api.commands.output import json_option, print_json
from api.config import databases
from api.config.settings import Settings
from ledger import Gate, import_file


@click.command("import")
@click.argument("file", type=click.File("rb"), metavar="FILE.jsonl")
@click.option(
    "--partial",
    is_flag=True,
    help="Take every line that can be read, also of an export that is cut off or has holes.",
)
@json_option
def import_(file: BinaryIO, partial: bool, as_json: bool) -> None:
    """Import what `ledger export` wrote, or Stripe events, one per line; - is standard input.

    An empty ledger gets the exported log back byte for byte. Events that are in the log already are
    skipped, so an import that was interrupted can simply be run again.

    An export is read to its end before anything is written (from a pipe, into a temporary file):
    one that is cut off, altered or has holes is refused. Stripe events are judged line by line, as
    deliveries are: LEDGER_LIVEMODE and LEDGER_MAX_BODY hold for them.
    """
    settings = Settings.read(probe=databases.probe)
    databases.create(settings)
    with databases.stores(settings) as (ledger, _):
        gate = Gate(settings.livemode, settings.max_body)
        imported = import_file(ledger, file, gate=gate, partial=partial, on_error=_print_error)
    if as_json:
        print_json(asdict(imported))
    else:
        click.echo(", ".join(f"{count} {name}" for name, count in asdict(imported).items()))
    if imported.errors:
        sys.exit(1)


def _print_error(line: int, reason: str) -> None:
    click.echo(f"line {line}: {reason}", err=True)
