"""`ledger demo`: a ledger of its own, and stories posted to it as Stripe would."""

from __future__ import annotations

import secrets
import sys
import threading
from pathlib import Path

import click

from api.commands.embedded import embedded
from api.demo.runner import DemoOptions, run

_PERCENT = click.FloatRange(0, 100)


@click.command()
@click.option("--seed", type=int, help="Which stories; drawn by lot and told if not given.")
@click.option("--rate", type=click.FloatRange(0), default=0, help="Deliveries a second; 0: all.")
@click.option(
    "--shuffle",
    type=click.IntRange(0),
    default=0,
    help="How many deliveries an event may be overtaken by, about.",
)
@click.option("--duplicate", type=_PERCENT, default=0, help="Percent that is delivered twice.")
@click.option("--tamper", type=_PERCENT, default=0, help="Percent beside which a forgery comes.")
@click.option(
    "--for",
    "for_seconds",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Begin stories for so long, instead of telling each once.",
)
@click.option(
    "--database",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep the ledger in this SQLite file; by default it is gone afterwards.",
)
@click.option(
    "--stay/--no-stay",
    default=None,
    help="Leave the ledger up afterwards, until Ctrl-C; the default on a terminal.",
)
def demo(
    seed: int | None,
    rate: float,
    shuffle: int,
    duplicate: float,
    tamper: float,
    for_seconds: float | None,
    database: Path | None,
    stay: bool | None,
) -> None:
    """Show a ledger at work, without a Stripe account.

    Starts a ledger of its own, tells it made-up stories by signed webhooks over HTTP, and
    compares the state that came of it with what really happened.
    """
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    with embedded(database) as ledger:
        failed = run(
            DemoOptions(
                url=ledger.url,
                secret=ledger.secret,
                api_key=ledger.api_key,
                key_shown=ledger.api_key,
                seed=seed,
                rate=rate,
                shuffle=shuffle,
                duplicate=duplicate,
                tamper=tamper,
                for_seconds=for_seconds,
                write=click.echo,
            )
        )
        if sys.stdout.isatty() if stay is None else stay:
            click.echo(f"\nThe ledger stays up at {ledger.url}; Ctrl-C ends it.")
            _until_interrupted()
    sys.exit(failed)


def _until_interrupted() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        click.echo()
