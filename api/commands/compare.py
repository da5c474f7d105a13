"""`ledger stripe compare`: whether what rows show is what Stripe says."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import asdict
from typing import Any

import click

from api.commands.backfill import account_option, chosen_accounts, rate_option
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
from api.stripe.client import StripeApi
from api.stripe.comparing import Compared, Comparison
from api.stripe.objects import lists

__all__ = ["compare"]

_COLUMNS = ("kind", "id", "field", "ours", "stripe", "event")


@click.command()
@click.argument("kinds", type=kind_type(), nargs=-1, metavar="[KIND]...")
@click.option(
    "--sample",
    type=click.IntRange(1),
    metavar="N",
    help="Ask for N objects of each sort that are known, chosen at random.",
)
@click.option(
    "--since",
    metavar="TIME",
    callback=parse_timestamp,
    help="Ask for what was created from this time on; by default for everything that is listed.",
)
@click.option(
    "--record", "records", is_flag=True, help="Record what Stripe answers, which mends the rows."
)
@rate_option
@account_option
@json_option
def compare(
    kinds: tuple[str, ...],
    sample: int | None,
    since: int | None,
    records: bool,
    rate: int | None,
    account: str | None,
    as_json: bool,
) -> None:
    """Ask Stripe for the objects of each KIND, or of all kinds, and print what differs.

    What differs is asked for again after a minute, for its event may be under way, and printed if
    it still does: our value, Stripe's, and the newest event that we have. The exit code is 1 if
    anything differs, or was not compared.
    """
    if sample is not None and since is not None:
        raise click.UsageError("--sample and --since exclude each other")
    settings = Settings.read()
    with existing(settings) as (ledger, projections):
        api = StripeApi.of(settings, rate=rate or 0)
        accounts = chosen_accounts(api, ledger, account)
        comparison = Comparison(api, ledger, projections, records=records)
        with closing(Progress(hidden=as_json, unit="objects")) as progress:
            if sample is not None:
                compared = comparison.of_sample(kinds, sample, accounts)
            else:
                compared = comparison.of_lists(
                    accounts,
                    lists(kinds),
                    since or 0,
                    lambda name, count: progress(name.removeprefix("/v1/"), count, None),
                )
    if records:
        record(settings, "drift_recorded", recorded=compared.recorded)
    if as_json:
        print_json(_document(compared))
    else:
        _print(compared)
    if compared.drifts or compared.refused:
        sys.exit(1)


def _document(compared: Compared) -> dict[str, Any]:
    return {
        "objects": dict(compared.objects),
        "differences": [_row(asdict(drift)) for drift in compared.drifts],
        "recorded": compared.recorded,
        "refused": compared.refused,
    }


def _row(drift: dict[str, Any]) -> dict[str, Any]:
    """A difference as it is printed: the values under the names of whose they are."""
    values = {"ours": drift.pop("stored"), "stripe": drift.pop("answered")}
    return {**drift, **values}


def _print(compared: Compared) -> None:
    if compared.drifts:
        print_table([_row(asdict(drift)) for drift in compared.drifts], _COLUMNS)
    for refused in compared.refused:
        click.echo(f"not compared: {refused}", err=True)
    ids = {(drift.account, drift.object, drift.id) for drift in compared.drifts}
    click.echo(f"{compared.objects.total():,} objects compared, {len(ids):,} differ")
    if compared.recorded:
        click.echo(f"{compared.recorded:,} answers recorded; rows follow them")
