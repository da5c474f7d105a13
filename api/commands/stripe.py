"""`ledger stripe`: asks Stripe for what webhooks did not bring."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from typing import Any

import click

from api.commands.backfill import backfill
from api.commands.compare import compare
from api.commands.endpoint import endpoint
from api.commands.output import (
    json_option,
    parse_timestamp,
    print_json,
    print_table,
    record,
    utc_text,
)
from api.config import databases
from api.config.settings import Settings
from api.stripe.check import check_permissions
from api.stripe.client import StripeApi
from api.stripe.figures import Figures, figures
from api.stripe.store import SweepStore
from api.stripe.sweep import Sweeper, Swept
from api.stripe.tables import create_tables

__all__ = ["stripe"]


@click.group()
def stripe() -> None:
    """Ask Stripe, with the key of STRIPE_API_KEY; a restricted one that reads is enough.

    No delivery and no projection waits for this.
    """


for command in (endpoint, backfill, compare):
    stripe.add_command(command)


@stripe.command()
@json_option
def check(as_json: bool) -> None:
    """Ask for one item of each list that is needed, and say which the key may not see."""
    api = StripeApi.of(Settings.read())
    permissions = check_permissions(api)
    if as_json:
        print_json([asdict(each) for each in permissions])
    else:
        print_table([asdict(each) for each in permissions], ["path", "answer", "needed_for"])
    if not all(each.is_granted for each in permissions):
        sys.exit(1)


@stripe.command()
@click.option(
    "--since",
    metavar="TIME",
    callback=parse_timestamp,
    help="From this time on, of each account; by default from where its last sweep ended.",
)
@json_option
def fetch(since: int | None, as_json: bool) -> None:
    """Append the events of the last 30 days that the log does not have.

    Stripe's list of events is read for the own account and each connected one. Events of the last
    five minutes are left to their webhooks. It may be interrupted and run again at any time.
    Events of /v2/core/events are not swept.
    """
    settings = Settings.read()
    with databases.existing(settings) as (ledger, _):
        api = StripeApi.of(settings)
        create_tables(ledger.engine)
        store = SweepStore(ledger.engine)
        sweeper = Sweeper(api, ledger, store)
        accounts, refused = sweeper.accounts()
        if refused is not None:
            click.echo(f"connected accounts are not listed: {refused}", err=True)
        sweeps = [sweeper.sweep(account, since) for account in accounts]
        total = figures(ledger.engine, time.time())
    fetched = sum(swept.fetched for swept in sweeps)
    record(settings, "events_fetched", fetched=fetched, accounts=len(sweeps))
    if as_json:
        print_json(_document(sweeps, total))
    else:
        _print(sweeps, total)
    if any(swept.unreadable for swept in sweeps):
        sys.exit(1)


def _document(sweeps: list[Swept], total: Figures) -> dict[str, Any]:
    return {
        "fetched": sum(swept.fetched for swept in sweeps),
        "accounts": [asdict(swept) for swept in sweeps],
        "types": {name: asdict(of_type) for name, of_type in total.by_type.items()},
    }


def _print(sweeps: list[Swept], total: Figures) -> None:
    rows = [{**asdict(swept), "account": swept.account or "own"} for swept in sweeps]
    print_table(rows, ["account", "pages", "fetched", "known"])
    for swept in sweeps:
        name = swept.account or "the own account"
        if swept.refused is not None:
            click.echo(f"{name}: {swept.refused}", err=True)
        if swept.lost is not None:
            begin, end = (utc_text(seconds * 1_000_000) for seconds in swept.lost)
            click.echo(
                f"{name}: Stripe no longer lists the events from {begin} to {end}, which no sweep"
                " has seen",
                err=True,
            )
        for item in swept.unreadable:
            click.echo(f"{name}: {item.id} is no event: {item.reason}", err=True)
    if total.by_type:
        click.echo("fetched so far, by whether their webhooks came:")
        types = [{"type": name, **asdict(of_type)} for name, of_type in total.by_type.items()]
        print_table(types, ["type", "missed", "early", "awaited", "longest_delay"])
