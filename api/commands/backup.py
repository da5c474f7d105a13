"""`ledger backup`: a verified copy of a SQLite log, while the ledger runs."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path

import click
from sqlalchemy import URL, Engine

from api.commands.output import Progress, end_in_order, json_option, print_json
from api.config.databases import existing
from api.config.settings import Settings
from ledger.backup import back_up
from projections import Feed
from projections.feed.tables import notifications_url


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.db")
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@json_option
def backup(file: Path, force: bool, as_json: bool) -> None:
    """Copy the log and its API keys to a file, while the ledger runs, and verify the copy.

    Who is handed which notifications, and what was, is copied to FILE.notifications.db beside it,
    where there is such a file. For SQLite; PostgreSQL has its own tools (pg_dump, pg_basebackup).
    The copies are readable by their owner alone; the second has subscribers' secrets. Prints the
    anchor of the log's end for `ledger verify --anchor`: keep it elsewhere.
    """
    with (
        existing(Settings.read()) as (ledger, projections),
        closing(Feed.open(ledger, projections)) as feed,
        end_in_order(),
        closing(Progress(hidden=as_json)) as progress,
    ):
        verified = back_up(
            ledger,
            file,
            beside=_beside(file, feed),
            force=force,
            progress=partial(progress, "verify"),
        )
    if as_json:
        print_json({"position": verified.position, "chain": verified.chain.hex()})
    else:
        click.echo(f"{verified.position} entries backed up and verified; anchor of the end:")
        click.echo(f"{verified.position}:{verified.chain.hex()}")


def _beside(file: Path, feed: Feed) -> dict[Path, Engine]:
    """Where the file of notifications is copied to; nothing where there is none."""
    if feed.engine.dialect.name != "sqlite" or not Path(str(feed.engine.url.database)).is_file():
        return {}
    url = notifications_url(URL.create("sqlite", database=str(file)))
    return {Path(str(url.database)): feed.engine}
