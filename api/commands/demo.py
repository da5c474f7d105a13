"""`ledger demo`: a temporary ledger, and simulated events posted to it as Stripe would."""

from __future__ import annotations

import secrets
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import click

from api.commands.embedded import embedded
from api.demo.runner import DemoOptions, run
from api.demo.withheld import Way, Withheld
from api.simulator import STORIES

_PERCENT = click.FloatRange(0, 100)


@click.command()
@click.option(
    "--seed", type=int, help="Which stories; a random seed, which is printed, if not given."
)
@click.option(
    "--rate", type=click.FloatRange(0), default=0, help="Deliveries per second; 0: no limit."
)
@click.option(
    "--shuffle",
    type=click.IntRange(0),
    default=0,
    help="About how many deliveries may overtake an event.",
)
@click.option(
    "--duplicate",
    type=_PERCENT,
    default=0,
    help="Percentage of the events that are delivered twice.",
)
@click.option(
    "--tamper",
    type=_PERCENT,
    default=0,
    help="Percentage of the events beside which a forged one is posted.",
)
@click.option(
    "--for",
    "for_seconds",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Keep starting stories for so long, instead of playing each once.",
)
@click.option(
    "--stories",
    type=click.IntRange(1),
    metavar="COUNT",
    help="Play so many stories, instead of each once.",
)
@click.option(
    "--outage",
    "outage_days",
    type=click.IntRange(1, 25),
    metavar="DAYS",
    help="Withhold the webhooks of the last days, and fetch their events from a simulated Stripe.",
)
@click.option(
    "--thin",
    is_flag=True,
    help="Send thin events, whose objects the ledger fetches from a simulated Stripe.",
)
@click.option(
    "--history",
    is_flag=True,
    help="Send no webhooks, and backfill what a simulated Stripe lists.",
)
@click.option(
    "--database",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep the ledger in this SQLite file; by default it is deleted afterwards.",
)
@click.option(
    "--stay/--no-stay",
    default=None,
    help="Keep the ledger running afterwards, until Ctrl-C; the default on a terminal.",
)
def demo(
    seed: int | None,
    rate: float,
    shuffle: int,
    duplicate: float,
    tamper: float,
    for_seconds: float | None,
    stories: int | None,
    outage_days: int | None,
    thin: bool,
    history: bool,
    database: Path | None,
    stay: bool | None,
) -> None:
    """Run a ledger with made-up events, without a Stripe account.

    Starts a temporary ledger, posts signed webhooks of simulated stories to it over HTTP, and
    compares its rows with the state that the simulator expects.
    """
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    way = _way(outage_days=outage_days, thin=thin, history=history)
    if way is not None and for_seconds is not None:
        raise click.UsageError("--for has stories begin one after the other: without --" + way)
    withheld = (
        None if way is None else Withheld.of(way, seed, stories or len(STORIES), outage_days or 0)
    )
    with ExitStack() as stack:
        settings = {} if withheld is None else stack.enter_context(withheld.settings())
        ledger = stack.enter_context(embedded(database, **settings))
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
                stories=stories,
                withheld=withheld,
                command=ledger.command,
                write=click.echo,
            )
        )
        if sys.stdout.isatty() if stay is None else stay:
            click.echo(f"\nThe console, signed in (the link works once): {ledger.console_url}")
            click.echo(f"The ledger keeps running at {ledger.url}; Ctrl-C stops it.")
            _until_interrupted()
    sys.exit(failed)


def _way(*, outage_days: int | None, thin: bool, history: bool) -> Way | None:
    chosen = {Way.OUTAGE: outage_days is not None, Way.THIN: thin, Way.HISTORY: history}
    ways = [way for way, is_chosen in chosen.items() if is_chosen]
    if len(ways) > 1:
        raise click.UsageError("choose one of --outage, --thin and --history")
    return ways[0] if ways else None


def _until_interrupted() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        click.echo()
