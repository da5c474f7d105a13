"""`ledger import`: appends an exported log, or plain Stripe events, to the log."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import asdict
from typing import BinaryIO

import click

from api.commands.output import json_option, print_json
from api.config import databases
from api.config.settings import Settings
from api.notify.transfer import RestoredSubscribers
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
    deliveries are: LEDGER_LIVEMODE and LEDGER_MAX_BODY hold for them. The subscribers of an export
    come back where the whole log is the exported one; each is paused, and wants a new secret.
    """
    settings = Settings.read(probe=databases.probe)
    databases.create(settings)
    with (
        databases.stores(settings) as (ledger, projections),
        closing(databases.notify_of(settings, ledger, projections)) as notify,
    ):
        restored = RestoredSubscribers(notify.feed.engine)
        imported = import_file(
            ledger,
            file,
            gate=Gate(settings.livemode, settings.max_body),
            partial=partial,
            on_error=_print_error,
            restore=restored,
        )
    if as_json:
        print_json(asdict(imported))
    else:
        click.echo(", ".join(f"{count} {name}" for name, count in asdict(imported).items()))
    _print_restored(restored)
    if imported.errors:
        sys.exit(1)


def _print_error(line: int, reason: str) -> None:
    click.echo(f"line {line}: {reason}", err=True)


def _print_restored(restored: RestoredSubscribers) -> None:
    if restored.count:
        click.echo(
            f"{restored.count} subscribers imported; each is paused until `ledger subscribers"
            " rotate` and `resume`",
            err=True,
        )
    if restored.skipped:
        click.echo("subscribers not imported: the log has other entries than the export", err=True)
