"""`ledger status`: the end of the log, the projections, the notifications and who gets them."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import asdict
from typing import Any

import click

from api.commands.output import json_option, print_json, print_table, utc_text
from api.config.asking import asks_stripe
from api.config.databases import existing, notify_of
from api.config.settings import Settings
from api.notify.stores import NotifyStores
from api.stripe.balance_store import BalanceStore
from api.stripe.thin_store import ThinStore
from ledger.urls import without_secrets
from projections import Journal

_COLUMNS = ("kind", "fingerprint", "status", "position", "lag_events", "rows", "dead_letters",
            "rebuild_done", "rebuild_total", "rebuild_eta_seconds", "previous")  # fmt: skip
_SUBSCRIBER_COLUMNS = ("subscriber", "state", "target", "position", "lag_events",
                       "oldest_undelivered", "given_up", "reason")  # fmt: skip


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show where the log ends, how far projections and subscribers lag, and dead letters."""
    settings = Settings.read()
    with existing(settings) as (ledger, projections):
        head = ledger.log.head()
        states = [asdict(state) for state in projections.states()]
        with closing(notify_of(settings, ledger, projections)) as notify:
            notifications = _notifications(notify, head.position)
        with closing(Journal.open(ledger)) as books:
            read = books.position() if books.exists() else 0
        thin = ThinStore(ledger.engine).figures()
        balance = BalanceStore.backlog(ledger.engine, time.time())
    database = without_secrets(settings.database_url)
    if as_json:
        log = {"position": head.position, "chain": head.chain.hex()}
        print_json(
            {
                "database": database,
                "log": log,
                "projections": states,
                **notifications,
                "journal": {"position": read, "lag_events": head.position - read},
                "thin": asdict(thin),
                "balance_transactions": asdict(balance),
            }
        )
        return
    click.echo(f"{database}: {head.position} entries")
    print_table(states, _COLUMNS)
    for state in states:
        for blocker in state["held_by"]:
            click.echo(f"the cutover of {state['kind']} waits for {blocker}")
    feed = notifications["notifications"]
    click.echo(f"notifications: read up to {feed['position']}, {feed['lag_events']} behind")
    click.echo(f"journal: read up to {read}, {head.position - read} behind")
    if thin.events:
        hint = "" if asks_stripe(settings) else ": set STRIPE_API_KEY, or choose snapshot payloads"
        click.echo(f"thin events: {thin.events}, {thin.waiting} without their object{hint}")
    if balance.swept_until is not None or balance.wanted:
        swept = balance.swept_until and utc_text(balance.swept_until * 1_000_000)
        click.echo(
            f"balance transactions: swept until {swept or 'never'}, {balance.wanted} to be asked"
            f" for, {balance.due} of them due"
        )
    if notifications["subscribers"]:
        print_table(notifications["subscribers"], _SUBSCRIBER_COLUMNS)


def _notifications(notify: NotifyStores, head: int) -> dict[str, Any]:
    """The feed, and the subscribers with what waits for them; nothing is made for it."""
    if not notify.exist():
        return {"notifications": {"position": 0, "lag_events": head}, "subscribers": []}
    position = notify.feed.position()
    oldest, given_up = notify.deliveries.oldest(), notify.deliveries.given_up()
    subscribers = [
        {
            "subscriber": each.id,
            "state": each.state,
            "target": each.url or each.handler,
            "position": each.cursor,
            "lag_events": head - each.cursor,
            "oldest_undelivered": oldest.get(each.id) and utc_text(oldest[each.id]),
            "given_up": given_up.get(each.id, 0),
            "reason": each.reason,
        }
        for each in notify.subscribers.list()
    ]
    return {
        "notifications": {"position": position, "lag_events": head - position},
        "subscribers": subscribers,
    }
