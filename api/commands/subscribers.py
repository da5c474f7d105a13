"""`ledger subscribers`: who is handed which notifications."""

from __future__ import annotations

import sys
from typing import Any

import click

from api.commands.output import json_option, print_json, print_table, record, utc_text
from api.config.databases import existing_notify
from api.config.settings import Settings
from api.notify.addresses import Networks
from api.notify.sample import send_sample
from api.notify.subscribers import Begin, Subscriber
from api.notify.types import check_types, matches
from projections import Feed, notification_types

_COLUMNS = ("id", "state", "target", "types", "name", "position", "delivered", "failed", "reason")
_BATCH = 1000


@click.group()
def subscribers() -> None:
    """Say who is handed which notifications: HTTP endpoints of your own."""


class _BeginType(click.ParamType[Any]):
    """`now`, `beginning`, or a position of the log."""

    name = "begin"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Begin:
        if value == "now" or value == "beginning":
            return value  # type: ignore[no-any-return]  # click's values are Any
        if not (value.isascii() and value.isdigit()):
            self.fail("must be now, beginning, or a position of the log", param, ctx)
        return int(value)


@subscribers.command()
@click.argument("url", metavar="URL")
@click.option(
    "--types", required=True, metavar="TYPE,…", help="Like 'order.*,dispute.lost'; '*' is all."
)
@click.option(
    "--from",
    "begin",
    type=_BeginType(),
    default="now",
    show_default=True,
    metavar="now|beginning|POSITION",
    help="Where in the log it begins.",
)
@click.option("--name", help="What people call it.")
@click.option("--history", is_flag=True, help="Hand it what is no news, too.")
@click.option("--yes", is_flag=True, help="Begin at the beginning without being asked.")
@json_option
def add(
    url: str, types: str, begin: Begin, name: str | None, history: bool, yes: bool, as_json: bool
) -> None:
    """Send the notifications of some types to URL, signed by Standard Webhooks.

    Prints the secret, this once. Who begins at the beginning is sent all that ever became true:
    how many that are is said first, and nothing is done without --yes.
    """
    settings = Settings.read()
    patterns = [part.strip() for part in types.split(",") if part.strip()]
    with existing_notify(settings) as (_, notify):
        if begin == "beginning" and not yes:
            check_types(patterns, notification_types())
            count = _count(notify.feed, patterns, history, settings.notify_max_age)
            raise click.UsageError(f"it would be sent {count} notifications: --yes does so")
        subscriber, secret = notify.subscribers.add(
            url, patterns, begin=begin, name=name, history=history
        )
    record(settings, "subscriber_added", subscriber=subscriber.id)
    if as_json:
        print_json({**_row(subscriber), "secret": secret})
    else:
        click.echo(f"{subscriber.id} begins at {subscriber.begins_at}; the secret is shown only"
                   " now:", err=True)  # fmt: skip
        click.echo(secret)


def _count(feed: Feed, patterns: list[str], history: bool, max_age_seconds: int) -> int:
    """How many notifications somebody would be sent who begins at the beginning."""
    while feed.follow():
        continue
    count = position = 0
    while notifications := feed.after(position, _BATCH):
        position = notifications[-1].position
        count += sum(
            matches(patterns, each.type) and (history or not each.is_history(max_age_seconds))
            for each in notifications
        )
    return count


@subscribers.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the subscribers, newest first."""
    with existing_notify(Settings.read()) as (_, notify):
        rows = [_row(each) for each in notify.subscribers.list()]
    if as_json:
        print_json(rows)
    else:
        print_table([{**row, "types": ",".join(row["types"])} for row in rows], _COLUMNS)


@subscribers.command()
@click.argument("id", metavar="ID")
def pause(id: str) -> None:
    """Send nothing to a subscriber until it is resumed; nothing is dropped."""
    settings = Settings.read()
    with existing_notify(settings) as (_, notify):
        notify.subscribers.pause(id)
    record(settings, "subscriber_paused", subscriber=id)
    click.echo(f"{id} paused")


@subscribers.command()
@click.argument("id", metavar="ID")
def resume(id: str) -> None:
    """Go on where a subscriber stood, also after it was disabled."""
    settings = Settings.read()
    with existing_notify(settings) as (_, notify):
        notify.subscribers.resume(id)
    record(settings, "subscriber_resumed", subscriber=id)
    click.echo(f"{id} resumed")


@subscribers.command()
@click.argument("id", metavar="ID")
def remove(id: str) -> None:
    """Remove a subscriber, with what was and is to be handed to it."""
    settings = Settings.read()
    with existing_notify(settings) as (_, notify):
        notify.subscribers.remove(id)
    record(settings, "subscriber_removed", subscriber=id)
    click.echo(f"{id} removed")


@subscribers.command()
@click.argument("id", metavar="ID")
@json_option
def rotate(id: str, as_json: bool) -> None:
    """Give a subscriber a new secret and print it, this once.

    For a day the secret before signs as well.
    """
    settings = Settings.read()
    with existing_notify(settings) as (_, notify):
        secret = notify.subscribers.rotate(id)
    record(settings, "subscriber_rotated", subscriber=id)
    if as_json:
        print_json({"id": id, "secret": secret})
    else:
        click.echo(f"{id}; the secret is shown only now:", err=True)
        click.echo(secret)


@subscribers.command()
@click.argument("id", metavar="ID")
@json_option
def test(id: str, as_json: bool) -> None:
    """Send a sample to a subscriber, signed as notifications are; the exit code is 1 if it fails.

    It is the newest notification of its types under another id, and not recorded.
    """
    settings = Settings.read()
    networks = Networks(settings.subscriber_networks)
    with existing_notify(settings) as (_, notify):
        answer = send_sample(notify, notify.subscribers.get(id), networks)
    if as_json:
        print_json({"status": answer.status, "answer": answer.text, "error": answer.error})
    elif answer.error is None:
        click.echo(f"delivered: {answer.status} {answer.text}".rstrip())
    else:
        click.echo(f"Error: {answer.error}", err=True)
    if answer.error is not None:
        sys.exit(1)


@subscribers.command()
@json_option
def types(as_json: bool) -> None:
    """List every type of notification with its meaning."""
    rows = [
        {"type": type, "meaning": condition.about}
        for type, condition in notification_types().items()
    ]
    if as_json:
        print_json(rows)
    else:
        print_table(rows, ["type", "meaning"])


def _row(subscriber: Subscriber) -> dict[str, Any]:
    return {
        "id": subscriber.id,
        "state": subscriber.state,
        "target": subscriber.url or subscriber.handler,
        "types": list(subscriber.types),
        "name": subscriber.name,
        "history": subscriber.history,
        "created_at": utc_text(subscriber.created_at),
        "begins_at": subscriber.begins_at,
        "position": subscriber.cursor,
        "delivered": subscriber.delivered,
        "failed": subscriber.failed,
        "reason": subscriber.reason,
    }
