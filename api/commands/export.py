"""`ledger export`: the log as JSON lines."""

from __future__ import annotations

from typing import BinaryIO

import click

from api.config.databases import existing
from api.config.settings import Settings
from ledger import export_lines


@click.command()
@click.option(
    "--output",
    "-o",
    type=click.File("wb", atomic=True),
    default="-",
    metavar="FILE.jsonl",
    help="The file to write; standard output by default.",
)
def export(output: BinaryIO) -> None:
    """Export the log, one JSON object per line, quarantined deliveries included.

    `ledger import` restores the same log from it, on either database.
    """
    with existing(Settings.read()) as (ledger, _):
        for line in export_lines(ledger):
            output.write(line)
