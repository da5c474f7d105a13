"""`ledger export`: the log as JSON lines."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from api.commands.output import end_in_order
from api.commands.output_files import opened_file
from api.config.databases import existing, notify_of
from api.config.settings import Settings
from api.notify.transfer import CarriedSubscribers
from ledger import export_lines


@click.command()
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default="-",
    metavar="FILE.jsonl",
    help="The file to write; standard output by default.",
)
def export(output: Path) -> None:
    """Export the log, one JSON object per line, quarantined deliveries included.

    `ledger import` restores the same log from it, on either database. A file is replaced only by a
    whole export: one that fails or is interrupted leaves it as it was. Subscribers come along, and
    which notifications were delivered to them, but no secret of theirs.
    """
    settings = Settings.read()
    with (
        existing(settings) as (ledger, projections),
        closing(notify_of(settings, ledger, projections)) as notify,
        end_in_order(),
        opened_file(output) as file,
    ):
        attached = CarriedSubscribers(notify.feed.engine) if notify.exist() else None
        for line in export_lines(ledger, attached):
            file.write(line)
