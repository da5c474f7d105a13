"""`ledger stripe endpoint`: registers the endpoint at Stripe, lists, changes and checks it."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from api.commands.output import json_option, print_json, print_table, record, utc_text
from api.config import databases
from api.config.dotenv_file import add_to_dotenv
from api.config.settings import WEBHOOK_SECRET, Settings
from api.stripe.client import StripeApi
from api.stripe.endpoints import Destination, Endpoint, Endpoints, destinations_of, problems_of
from api.stripe.event_types import EVERYTHING, NEWEST_VERSION, projected_types
from api.stripe.figures import LastDelivery, last_delivery
from api.stripe.pending import Pending

__all__ = ["endpoint"]

_DOTENV = Path(".env")
_PENDING = Path(".stripe-endpoint.json")

_events = click.option(
    "--events",
    type=click.Choice(["all", "projected"]),
    help="all: whatever Stripe sends, to be place; projected: those types that any row is made of.",
)


@click.group()
def endpoint() -> None:
    """Register the webhook endpoint at Stripe, list, change and check it.

    The key of STRIPE_API_KEY needs the permission to write Webhook Endpoints for create and update.
    """


@endpoint.command()
@click.argument("url")
@click.option("--connect", is_flag=True, help="For the events of connected accounts.")
@_events
@click.option(
    "--api-version",
    "version",
    default=NEWEST_VERSION,
    show_default=True,
    help="The API version of its events, which can never be changed.",
)
@json_option
def create(url: str, connect: bool, events: str | None, version: str, as_json: bool) -> None:
    """Register an endpoint and add its signing secret to STRIPE_WEBHOOK_SECRET in .env.

    Where that variable is set otherwise, or .env cannot be written, the secret is printed, this
    once. If it is interrupted, run it again: it goes on with the same endpoint.
    """
    settings = Settings.read()
    pending = Pending(_PENDING)
    created = Endpoints(StripeApi.of(settings)).create(
        url, connect=connect, types=_types(events or "all"), version=version, pending=pending
    )
    assert created.secret is not None
    place = _keep(f"{created.id}={created.secret}")
    record(settings, "endpoint_created", endpoint=created.id, url=url)
    document = {
        "id": created.id,
        "url": created.url,
        "api_version": created.api_version,
        "secret_in": place,
    }
    if as_json:
        print_json(document if place else {**document, "secret": created.secret})
    elif place:
        click.echo(f"{created.id} registered; its secret is in {place}")
    else:
        click.echo(
            f"{created.id} registered; add its secret to {WEBHOOK_SECRET}, it is shown only now:",
            err=True,
        )
        click.echo(f"{created.id}={created.secret}")
    # Not before: until here, the same command gives the secret again.
    sys.stdout.flush()
    pending.end()


@endpoint.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the endpoints of the key's account and mode."""
    endpoints = Endpoints(StripeApi.of(Settings.read())).all()
    if as_json:
        print_json([_shown(each) for each in endpoints])
        return
    rows = [{**_shown(each), "events": _count(each.enabled_events)} for each in endpoints]
    print_table(rows, ["id", "status", "url", "api_version", "events", "is_ours"])


@endpoint.command()
@click.argument("id")
@click.option("--url", help="Where it sends its events from now on.")
@_events
@click.option("--enable/--disable", "enabled", default=None, help="Whether it sends any.")
@json_option
def update(
    id: str, url: str | None, events: str | None, enabled: bool | None, as_json: bool
) -> None:
    """Change an endpoint. Its API version never changes: create a second one for another."""
    changes: dict[str, Any] = {}
    if url is not None:
        changes["url"] = url
    if events is not None:
        changes["enabled_events"] = _types(events)
    if enabled is not None:
        changes["disabled"] = not enabled
    if not changes:
        raise click.UsageError("say what to change: --url, --events, --enable or --disable")
    settings = Settings.read()
    changed = Endpoints(StripeApi.of(settings)).update(id, changes)
    record(settings, "endpoint_changed", endpoint=id, changed=sorted(changes))
    if as_json:
        print_json(_shown(changed))
    else:
        click.echo(f"{changed.id}: {changed.status}, {_count(changed.enabled_events)} event types")


@endpoint.command()
@json_option
def check(as_json: bool) -> None:
    """Check the endpoints that lead here: enabled, all projected types, a version that is known.

    Those made by `create` count, and those whose path is /webhooks/stripe. Stripe never shows a
    secret again: only a delivery that was verified shows that it is the right one.
    """
    settings = Settings.read()
    with databases.existing(settings) as (ledger, _):
        api = StripeApi.of(settings)
        last = last_delivery(ledger.engine, api.livemode)
    endpoints = Endpoints(api)
    leading = [(each, problems_of(each)) for each in endpoints.all() if each.is_ours]
    destinations, refused = destinations_of(endpoints)
    problems = [f"{each.id}: {text}" for each, texts in leading for text in texts]
    problems += [f"{each.id}: {text}" for each in destinations for text in _problems(each)]
    if not leading and not any(not each.is_thin for each in destinations):
        problems.append("no endpoint leads here: `ledger stripe endpoint create URL` makes one")
    notes = [] if refused is None else [f"destinations of v2 are not listed: {refused}"]
    if as_json:
        print_json(
            {
                "endpoints": [{**_shown(each), "problems": texts} for each, texts in leading],
                "last_delivery": last and asdict(last),
                "problems": problems,
                "notes": notes,
            }
        )
    else:
        for line in (*(_line(each) for each, _ in leading), _of_last(last), *notes, *problems):
            click.echo(line)
    if problems:
        sys.exit(1)


def _types(events: str) -> list[str]:
    return [EVERYTHING] if events == "all" else projected_types()


def _keep(secret: str) -> str | None:
    """Add a secret to `.env`; where it is then, or None if it cannot be there."""
    if WEBHOOK_SECRET in os.environ:
        return None  # which counts, whatever `.env` has
    try:
        add_to_dotenv(_DOTENV, WEBHOOK_SECRET, secret)
    except (OSError, ValueError) as error:
        click.echo(f".env was left as it is: {error}", err=True)
        return None
    return str(_DOTENV)


def _shown(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "status": endpoint.status,
        "url": endpoint.url,
        "api_version": endpoint.api_version,
        "enabled_events": endpoint.enabled_events,
        "livemode": endpoint.livemode,
        "connect": endpoint.is_for_connected_accounts,
        "is_ours": endpoint.is_ours,
    }


def _count(types: list[str]) -> str:
    return "all" if EVERYTHING in types else str(len(types))


def _problems(destination: Destination) -> list[str]:
    problems = []
    if destination.is_thin:
        problems.append("it sends thin events, which show no object and project nothing")
    if destination.status != "enabled":
        problems.append(f"it is {destination.status}")
    return problems


def _line(endpoint: Endpoint) -> str:
    version = endpoint.api_version or "the account's version"
    return f"{endpoint.id}: {endpoint.status}, {_count(endpoint.enabled_events)} types, {version}"


def _of_last(last: LastDelivery | None) -> str:
    if last is None:
        return "no delivery was verified yet"
    at = utc_text(last.received_at * 1_000_000)
    return f"last verified delivery: {at} UTC, API version {last.api_version or 'unknown'}"
