"""`ledger notifications`: what became true, handing it out again, and checking the feed."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import asdict
from itertools import islice
from typing import Any

import click

from api.commands.output import Progress, json_option, print_json, print_table, record, utc_text
from api.config.databases import existing_notify
from api.config.settings import Settings
from api.notify.filling import Filler
from api.notify.stores import NotifyStores
from api.notify.types import check_types, matches
from projections import Notification, NotificationFilter, NotificationPage, notification_types

_COLUMNS = ("id", "type", "object_id", "position", "ordinal", "late", "holds", "created")
_LIMIT = 20
# How many differences are printed for a person.
_PRINTED_MAX = 1000


@click.group()
def notifications() -> None:
    """List notifications, hand some out again, and check the feed against the log."""


@notifications.command("list")
@click.option("--type", "type_", metavar="TYPE", help="Like order.paid or 'order.*'.")
@click.option("--object-id", metavar="ID", help="Only of the row with this id.")
@click.option("--limit", type=click.IntRange(1, 1000), default=_LIMIT, show_default=True)
@json_option
def list_(type_: str | None, object_id: str | None, limit: int, as_json: bool) -> None:
    """List the newest notifications, newest first."""
    settings = Settings.read()
    patterns = [type_] if type_ else ["*"]
    check_types(patterns, notification_types())
    with existing_notify(settings) as (_, notify):
        page = notify.feed.list(
            NotificationFilter(
                types=[each for each in notification_types() if matches(patterns, each)],
                object_id=object_id,
            ),
            NotificationPage(limit),
        )
    rows = [_row(each, settings.notify_max_age) for each in page.items]
    if as_json:
        print_json(rows)
    else:
        texts = [{**row, "created": utc_text(row["created"] * 1_000_000)} for row in rows]
        print_table(texts, _COLUMNS)


@notifications.command()
@click.argument("id", metavar="[ID]", required=False)
@click.option("--given-up", is_flag=True, help="Everything that was given up.")
@click.option("--missed", is_flag=True, help="What appeared behind subscribers' positions.")
@json_option
def retry(id: str | None, given_up: bool, missed: bool, as_json: bool) -> None:
    """Hand out again at once, to those subscribers who did not get it.

    --missed is what a mended fold or a new condition added at positions that subscribers had passed
    already, as `ledger notifications check` counts it.
    """
    if (id is not None) + given_up + missed != 1:
        raise click.UsageError("name an ID, or --given-up, or --missed")
    settings = Settings.read()
    with existing_notify(settings) as (_, notify):
        count = _hand_out_missed(notify, settings) if missed else _retried(notify, id)
    record(settings, "notifications_retried", notification=id, missed=missed, deliveries=count)
    if as_json:
        print_json({"deliveries": count})
    else:
        click.echo(f"{count} to be delivered again")
    if id is not None and not count:
        sys.exit(1)


def _retried(notify: NotifyStores, id: str | None) -> int:
    if id is None:
        return notify.deliveries.retry_given_up()
    count = notify.deliveries.retry(id)
    if not count and notify.feed.get(id) is None:
        click.echo(f"Error: there is no notification {id}", err=True)
        sys.exit(1)
    return count


def _hand_out_missed(notify: NotifyStores, settings: Settings) -> int:
    filler = _filler(notify, settings)
    return sum(
        notify.deliveries.add(subscriber.id, filler.due(missed))
        for subscriber in notify.subscribers.list()
        for missed in filler.missed(subscriber)
    )


def _filler(notify: NotifyStores, settings: Settings) -> Filler:
    return Filler(notify.feed, notify.subscribers, max_age_seconds=settings.notify_max_age)


@notifications.command()
@json_option
def check(as_json: bool) -> None:
    """Work the feed out anew from the log, and compare; writes nothing.

    The exit code is 1 if anything differs: `ledger rebuild notifications` mends it. Also counts
    what appeared behind subscribers' positions and was handed to nobody: `ledger notifications
    retry --missed` hands it out.
    """
    settings = Settings.read()
    with (
        existing_notify(settings) as (_, notify),
        closing(Progress(hidden=as_json)) as progress,
    ):
        rows = (
            {"problem": each.problem, **_row(each.notification, settings.notify_max_age)}
            for each in notify.feed.check(progress)
        )
        printed = list(islice(rows, _PRINTED_MAX))
        count = len(printed) + sum(1 for _ in rows)
        missed = _missed(notify, settings)
    if as_json:
        print_json({"differences": count, "first": printed, "missed": missed})
    elif printed:
        print_table(printed, ("problem", *_COLUMNS))
        click.echo(f"{count} differences")
    else:
        click.echo("no difference")
    for subscriber, number in missed.items():
        if number and not as_json:
            click.echo(f"{subscriber} missed {number}")
    if count:
        sys.exit(1)


def _missed(notify: NotifyStores, settings: Settings) -> dict[str, int]:
    """How many notifications each subscriber missed."""
    filler = _filler(notify, settings)
    return {
        subscriber.id: sum(len(missed) for missed in filler.missed(subscriber))
        for subscriber in notify.subscribers.list()
    }


def _row(notification: Notification, max_age_seconds: int) -> dict[str, Any]:
    return {
        **{name: getattr(notification, name) for name in _COLUMNS if name != "created"},
        "created": notification.cause.created,
        "history": notification.is_history(max_age_seconds),
        "cause": asdict(notification.cause),
        "account": notification.account,
        "livemode": notification.livemode,
    }
