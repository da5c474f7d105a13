"""`ledger stripe backfill`: records what Stripe lists, however old it is."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict

import click

from api.commands.output import (
    Progress,
    json_option,
    kind_type,
    parse_timestamp,
    print_json,
    print_table,
    record,
)
from api.config.databases import existing
from api.config.settings import Settings
from api.stripe.accounts import known_accounts, made_at
from api.stripe.backfill import Backfilled, Backfiller, OnPage
from api.stripe.backfill_store import BackfillState, BackfillStore
from api.stripe.client import StripeApi
from api.stripe.objects import lists
from api.stripe.tables import create_tables
from ledger import Ledger

__all__ = ["account_option", "backfill", "chosen_accounts", "rate_option"]

_OWN = "self"

rate_option = click.option(
    "--rate",
    type=click.IntRange(1, 100),
    metavar="N",
    help="Requests a second at most; by default LEDGER_STRIPE_RATE, or a tenth of Stripe's limit.",
)
account_option = click.option(
    "--account",
    metavar="ACCT",
    help="Only this connected account, or `self`, your own; by default all.",
)


@click.command()
@click.argument("kinds", type=kind_type(), nargs=-1, metavar="[KIND]...")
@click.option(
    "--since",
    metavar="TIME",
    callback=parse_timestamp,
    help="Only what was created from this time on.",
)
@rate_option
@account_option
@click.option("--restart", is_flag=True, help="Begin anew, and do not go on where one was cut off.")
@json_option
def backfill(
    kinds: tuple[str, ...],
    since: int | None,
    rate: int | None,
    account: str | None,
    restart: bool,
    as_json: bool,
) -> None:
    """Record the objects that Stripe lists for each KIND, or for all kinds, newest first.

    Each is recorded as it stands now, unless the log shows it so already. It may be interrupted and
    run again at any time: it goes on where it was. A list that the key may not see is named with
    the permission that it lacks, and the rest is done; the exit code is 1 then.
    """
    settings = Settings.read()
    with existing(settings) as (ledger, _):
        api = StripeApi.of(settings, rate=rate or 0)
        create_tables(ledger.engine)
        store = BackfillStore(ledger.engine, livemode=api.livemode)
        if restart:
            store.forget()
        accounts = chosen_accounts(api, ledger, account)
        listed = lists(kinds)
        if not listed:
            raise click.UsageError(f"Stripe has no list of {', '.join(kinds)}")
        with closing(Progress(hidden=as_json, unit="objects")) as progress:
            on_page = _shown(api, progress, since or 0)
            results = Backfiller(api, ledger, store).run(accounts, listed, since or 0, on_page)
    recorded = sum(result.recorded for result in results)
    record(settings, "objects_recorded", recorded=recorded, lists=len(results))
    if as_json:
        print_json([asdict(result) for result in results])
    else:
        _print(results)
    if any(_has_failed(result, account) for result in results):
        sys.exit(1)


def chosen_accounts(api: StripeApi, ledger: Ledger, account: str | None) -> list[str | None]:
    """The accounts to ask about: the one that was named, or the own one and all connected."""
    if account is not None:
        return [None if account == _OWN else account]
    accounts, refused = known_accounts(api, ledger)
    if refused is not None:
        click.echo(f"connected accounts are not listed: {refused}", err=True)
    return sorted(accounts, key=lambda name: name or "")


def _shown(api: StripeApi, progress: Progress, since: int) -> OnPage:
    """Shows each page; how many objects there are is guessed, for no list tells.

    They are taken to be spread evenly over the time from the present to where the list ends: at
    ``since``, or at the making of the account.
    """
    began = time.time()
    oldest: dict[str | None, int | None] = {}

    def show(state: BackfillState) -> None:
        account = state.account
        if account not in oldest:
            oldest[account] = since or made_at(api, account)
        label = state.listing.removeprefix("/v1/") + (f" of {account}" if account else "")
        progress(label, state.objects, _total(state, began, oldest[account]))

    return show


def _total(state: BackfillState, began: float, oldest: int | None) -> int | None:
    if state.is_done:
        return state.objects
    if oldest is None or state.created is None or not oldest < began:
        return None
    done = (began - state.created) / (began - oldest)
    return max(state.objects, round(state.objects / done)) if done > 0 else None


def _has_failed(result: Backfilled, account: str | None) -> bool:
    # That one of many accounts left is no failure; that the one that was named did is.
    is_refused = result.refused is not None and not (result.is_gone and account is None)
    return is_refused or bool(result.unreadable)


def _print(results: Sequence[Backfilled]) -> None:
    rows = [
        {**asdict(each), "account": each.account or "own", "list": each.listing}
        for each in results
        if each.refused is None
    ]
    print_table(rows, ["account", "list", "objects", "recorded"])
    for each in results:
        name = f"{each.account or 'own'} {each.listing}"
        if each.was_done:
            click.echo(f"{name}: was done before; --restart begins anew", err=True)
        if each.refused is not None:
            click.echo(f"{name}: {each.refused}", err=True)
        for reason in each.unreadable:
            click.echo(f"{name}: an object is not recorded: {reason}", err=True)
